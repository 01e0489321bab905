//! What a call leaves to the model's own features instead of the prompt: calls of tools, reasoning, citations.
//!
//! A field that a model gives apart from its text is neither asked for in the prompt nor read from the text. Which fields
//! those are follows from the signature, from what the model declares and from the options of the adapter.

use std::borrow::Cow;

use dspex_core::lm::{Request, ToolChoice, ToolSpec};
use dspex_core::value::Tool;
use dspex_core::{Error, ErrorKind, Field, FieldType, RenderCall, Result, Signature, Special, Value};
use serde_json::Value as Json;

/// Which of a model's own features an adapter uses where the model [declares](dspex_core::lm::Capabilities) them.
///
/// ```
/// use dspex_adapters::{ChatAdapter, Native};
/// use dspex_core::lm::Capabilities;
/// use dspex_core::value::Tool;
/// use dspex_core::{Adapter, Record, RenderCall, Signature, Value};
/// let signature = Signature::parse("question, tools: list[dspy.Tool] -> answer, calls: dspy.ToolCalls")?;
/// let clock = Value::from(Tool::new("clock", "Tells the time."));
/// let inputs = Record::new().with("question", "How late is it?").with("tools", vec![clock]);
/// let mut can = Capabilities::default();
/// can.tools = true;
/// let call = RenderCall::new(&signature, &inputs).capabilities(can);
///
/// let request = ChatAdapter::new().render(&call)?;
/// assert_eq!(request.tools[0].name, "clock");
/// assert!(!request.messages[1].text().contains("clock"));
///
/// let mut native = Native::default();
/// native.function_calling = Some(false);
/// let request = ChatAdapter::new().with_native(native).render(&call)?;
/// assert!(request.tools.is_empty() && request.messages[1].text().contains("clock"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Native {
    /// Whether an output of type `dspy.ToolCalls` is filled by calls of tools, which the request then carries. Where
    /// nothing is said they are; under [compat](RenderCall::compat), as DSPy's adapter of that name does.
    pub function_calling: Option<bool>,
    /// Whether the model may call several tools at one time; where nothing is said, that is left to the provider.
    pub parallel_tool_calls: Option<bool>,
    /// Whether an output of type `dspy.Reasoning` is what the model thought apart from its answer.
    pub reasoning: bool,
    /// Whether an output of type `dspy.Citations` is what the model cites apart from its answer.
    pub citations: bool,
}

impl Default for Native {
    fn default() -> Self {
        Self { function_calling: None, parallel_tool_calls: None, reasoning: true, citations: true }
    }
}

impl Native {
    /// No feature of the model: everything is asked for in the prompt.
    pub fn none() -> Self {
        Self { function_calling: Some(false), parallel_tool_calls: None, reasoning: false, citations: false }
    }

    /// Whether tools are called natively if the model can; `dspy` is what DSPy's adapter of that name does.
    pub(crate) fn calls_tools(&self, call: &RenderCall<'_>, dspy: bool) -> bool {
        self.function_calling.unwrap_or(!call.compat || dspy)
    }
}

/// The options about tools.
const TOOL_OPTIONS: &[&str] = &["tools", "tool_choice", "parallel_tool_calls"];

/// The options that DSPy does not send where its adapter calls tools, as `native` says: those about tools, if the model
/// cannot be given the tools of the call.
pub(crate) fn withheld(call: &RenderCall<'_>, native: bool) -> &'static [&'static str] {
    let unused = !native || (calls_field(call.signature).is_some() && !call.capabilities.tools);
    if call.compat && unused { TOOL_OPTIONS } else { &[] }
}

/// What one call leaves to the model.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// The signature without the fields that the model gives apart from its text.
    pub(crate) signature: Cow<'a, Signature>,
    /// Whether turns of a conversation have calls of tools and results as messages of their own.
    pub(crate) native_turns: bool,
    /// Whether tools are called natively.
    pub(crate) calls_tools: bool,
    reasons: bool,
    tools: Vec<Field>,
    parallel: Option<bool>,
}

/// The option that sets how much a model thinks; `null` asks it not to.
const EFFORT: &str = "reasoning_effort";

impl<'a> Plan<'a> {
    /// The plan of a call. `dspy` is whether DSPy's adapter of that name calls tools natively.
    pub(crate) fn new(call: &RenderCall<'a>, native: &Native, dspy: bool) -> Self {
        let can = &call.capabilities;
        let mut plan = Self {
            signature: Cow::Borrowed(call.signature),
            native_turns: native.calls_tools(call, dspy) && (can.tools || call.compat),
            calls_tools: false,
            reasons: false,
            tools: Vec::new(),
            parallel: native.parallel_tool_calls,
        };
        let outputs = call.signature.outputs();
        let mut removed: Vec<&str> = Vec::new();
        if native.calls_tools(call, dspy)
            && can.tools
            && let (Some(calls), Some(tools)) = (calls_field(call.signature), tools_field(call.signature))
        {
            plan.calls_tools = true;
            plan.tools.push(tools.clone());
            removed.extend([calls.name.as_str(), tools.name.as_str()]);
        }
        let disabled = call.options.is_some_and(|o| o.extra.get(EFFORT).is_some_and(Json::is_null));
        for field in outputs {
            let apart = match field.ty {
                FieldType::Special(Special::Reasoning) => native.reasoning && can.reasoning && !disabled,
                FieldType::Special(Special::Citations) => native.citations && can.citations,
                _ => false,
            };
            // Somebody must be asked for something.
            let last = outputs.iter().all(|f| f.name == field.name || removed.contains(&f.name.as_str()));
            if apart && (call.compat || plan.calls_tools || !last) {
                plan.reasons |= field.ty == FieldType::Special(Special::Reasoning);
                removed.push(&field.name);
            }
        }
        for name in removed {
            plan.signature = Cow::Owned(plan.signature.delete(name));
        }
        plan
    }

    /// Whether the model gives a field apart from its text.
    pub(crate) fn leaves(&self, name: &str) -> bool {
        !self.signature.outputs().iter().any(|f| f.name == name)
    }

    /// Puts what the model is to use into the request.
    pub(crate) fn complete(&self, call: &RenderCall<'_>, request: &mut Request) -> Result<()> {
        for field in &self.tools {
            request.tools = specs(field, call.inputs.get(&field.name))?;
            let option = |name: &str| call.options.and_then(|o| o.extra.get(name)).filter(|v| !v.is_null());
            let given = option("parallel_tool_calls").is_some();
            request.parallel_tool_calls = self.parallel.filter(|_| !given);
            if (given || self.parallel.is_some()) && option("tool_choice").is_none() {
                request.tool_choice = Some(ToolChoice::Auto);
            }
        }
        // DSPy asks for a little thought where nobody says how much; here the model does as it does.
        let given = call.options.is_some_and(|o| o.extra.contains_key(EFFORT));
        if self.reasons && call.compat && !given {
            request.options.extra.insert(EFFORT.into(), "low".into());
        }
        Ok(())
    }
}

/// The output that takes calls of tools.
pub(crate) fn calls_field(signature: &Signature) -> Option<&Field> {
    signature.outputs().iter().find(|f| f.ty == FieldType::Special(Special::ToolCalls))
}

/// The input that has the tools.
fn tools_field(signature: &Signature) -> Option<&Field> {
    let tool = FieldType::Special(Special::Tool);
    signature.inputs().iter().find(|f| match &f.ty {
        FieldType::List(Some(item)) => **item == tool,
        ty => *ty == tool,
    })
}

/// The tools of an input as a request carries them.
fn specs(field: &Field, value: Option<&Value>) -> Result<Vec<ToolSpec>> {
    let wrong = |found: &Value| {
        Error::new(ErrorKind::InputType {
            field: field.name.clone(),
            expected: field.ty.name(),
            found: found.to_repr().unwrap_or_else(|_| found.kind().into()),
        })
    };
    let Some(value) = value else {
        let (missing, expected) = (vec![field.name.clone()], vec![field.name.clone()]);
        return Err(ErrorKind::MissingInputs { missing, expected }.into());
    };
    let all = value.as_list().unwrap_or(std::slice::from_ref(value));
    all.iter().map(|t| Tool::from_value(t).map(|tool| tool.spec()).ok_or_else(|| wrong(t))).collect()
}
