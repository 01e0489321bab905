//! The chat adapter: each field in a section under a marker, `[[ ## name ## ]]`.
//!
//! Structure and values are DSPy's; the sentences are the wording's.

use std::sync::Arc;

use dspex_core::lm::{Choice, Message, Request, Role};
use dspex_core::{
    Adapter, Example, Field, ParsePolicy, Parsed, Record, RenderCall, Result, Signature, Value,
};

use crate::format::{field_list, field_value, hint, marker};
use crate::markers;
use crate::parse;
use crate::wording::{Wording, fill};

/// The marker that ends an answer.
const COMPLETED: &str = "completed";

/// Writes fields as sections under markers and reads them back.
///
/// ```
/// use dspex_adapters::ChatAdapter;
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let signature = Signature::parse("question -> answer")?;
/// let inputs = Record::new().with("question", "Who wrote Faust?");
/// let request = ChatAdapter::new().render(&RenderCall::new(&signature, &inputs))?;
/// assert_eq!(
///     request.messages[1].text(),
///     "[[ ## question ## ]]\nWho wrote Faust?\n\n\
///      Now write `[[ ## answer ## ]]`, and last `[[ ## completed ## ]]`."
/// );
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ChatAdapter {
    wording: Arc<Wording>,
}

impl ChatAdapter {
    /// The adapter with our wording.
    pub fn new() -> Self {
        Self::default()
    }

    /// The adapter with another wording.
    #[must_use]
    pub fn with_wording(wording: Wording) -> Self {
        Self { wording: Arc::new(wording) }
    }

    fn system(&self, signature: &Signature) -> Result<String> {
        let field = &self.wording.field;
        let place = |f: &Field, hint: &str| format!("{}\n{{{}}}{hint}\n\n", marker(&f.name), f.name);
        let mut sections = String::new();
        for f in signature.inputs() {
            sections.push_str(&place(f, ""));
        }
        for f in signature.outputs() {
            sections.push_str(&place(f, &hint(f, field)));
        }
        sections.push_str(&marker(COMPLETED));
        let indent = &self.wording.chat.instruction_indent;
        let instructions: Vec<String> =
            signature.instructions().split('\n').map(|line| format!("{indent}{line}")).collect();
        Ok(fill(
            &self.wording.chat.system,
            &[
                ("inputs", &field_list(signature.inputs(), field)?),
                ("outputs", &field_list(signature.outputs(), field)?),
                ("sections", &sections),
                ("instructions", &instructions.join("\n")),
            ],
        ))
    }

    /// The user's turn: the inputs that are there, in the order of the signature.
    fn user(signature: &Signature, inputs: &Record, before: &str, after: &str) -> Result<String> {
        let mut parts = Vec::with_capacity(signature.inputs().len() + 2);
        if !before.is_empty() {
            parts.push(before.to_owned());
        }
        for field in signature.inputs() {
            if let Some(value) = inputs.get(&field.name) {
                parts.push(format!("{}\n{}", marker(&field.name), field_value(field, value)?));
            }
        }
        if !after.is_empty() {
            parts.push(after.to_owned());
        }
        Ok(parts.join("\n\n").trim().to_owned())
    }

    /// The model's turn of a demonstration: every output, then the closing marker.
    fn assistant(&self, signature: &Signature, demo: &Record) -> Result<String> {
        let mut out = String::new();
        for field in signature.outputs() {
            let value = match demo.get(&field.name) {
                Some(value) => field_value(field, value)?,
                None => self.wording.chat.missing_output.clone(),
            };
            out.push_str(&marker(&field.name));
            out.push('\n');
            out.push_str(&value);
            out.push_str("\n\n");
        }
        out.push_str(&marker(COMPLETED));
        out.push('\n');
        Ok(out)
    }

    fn reminder(&self, signature: &Signature) -> String {
        let w = &self.wording.chat;
        let mut out = String::new();
        for (i, field) in signature.outputs().iter().enumerate() {
            let ty = if field.ty.is_text() {
                String::new()
            } else {
                fill(&w.reminder_type, &[("name", &field.ty.name())])
            };
            let template = if i == 0 { &w.reminder_first } else { &w.reminder_next };
            out.push_str(&fill(
                template,
                &[("marker", &format!("`{}`", marker(&field.name))), ("type", &ty)],
            ));
        }
        out.push_str(&fill(&w.reminder_last, &[("marker", &format!("`{}`", marker(COMPLETED)))]));
        out
    }
}

impl Adapter for ChatAdapter {
    fn name(&self) -> &str {
        "chat"
    }

    fn render(&self, call: &RenderCall<'_>) -> Result<Request> {
        let signature = call.signature;
        let mut messages = Vec::with_capacity(2 + 2 * call.demos.len());
        messages.push(Message::system(self.system(signature)?));
        // Demonstrations that lack fields stand before the complete ones.
        let (complete, incomplete): (Vec<_>, Vec<_>) =
            call.demos.iter().map(Example::record).partition(|d| is_complete(signature, d));
        for demo in incomplete.into_iter().filter(|d| is_usable(signature, d)) {
            let user = Self::user(signature, demo, &self.wording.chat.incomplete_demo, "")?;
            messages.push(Message::user(user));
            messages.push(Message::assistant(self.assistant(signature, demo)?));
        }
        for demo in complete {
            // Without inputs the user's turn is empty, but it is there: turns of the model follow turns of the user.
            messages.push(Message::user(Self::user(signature, demo, "", "")?));
            messages.push(Message::assistant(self.assistant(signature, demo)?));
        }
        messages.push(Message::user(Self::user(signature, call.inputs, "", &self.reminder(signature))?));
        if call.compat {
            for message in messages.iter_mut().filter(|m| m.role == Role::User) {
                message.parts = markers::expand(&message.text());
            }
        }
        Ok(Request::new(messages))
    }

    fn parse(&self, signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        parse::sections(signature, completion, policy)
    }
}

/// Whether a demonstration has every field, none of them `None`.
fn is_complete(signature: &Signature, demo: &Record) -> bool {
    signature.fields().all(|f| demo.get(&f.name).is_some_and(|v| !matches!(v, Value::None)))
}

/// Whether a demonstration shows at least one input and one output.
fn is_usable(signature: &Signature, demo: &Record) -> bool {
    signature.inputs().iter().any(|f| demo.contains_key(&f.name))
        && signature.outputs().iter().any(|f| demo.contains_key(&f.name))
}
