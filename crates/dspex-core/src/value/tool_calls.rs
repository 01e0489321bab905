//! Calls of tools that a model wants made, and what they gave.

use super::{Dict, Record, Value};

/// One call of a tool that the model wants made.
///
/// ```
/// use dspex_core::{Record, value::ToolCall};
/// let call = ToolCall {
///     id: Some("call_1".into()),
///     name: "weather".into(),
///     args: Record::new().with("place", "Oslo"),
/// };
/// assert_eq!(call.args.get("place").unwrap().as_str(), Some("Oslo"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ToolCall {
    /// The provider's id of the call, which its result must name.
    pub id: Option<String>,
    /// Name of the tool.
    pub name: String,
    /// Arguments by name.
    pub args: Record,
}

/// What one call of a tool gave.
///
/// ```
/// use dspex_core::{Record, Value, value::{ToolCall, ToolCallResult}};
/// let call = ToolCall { id: Some("call_1".into()), name: "weather".into(), args: Record::new() };
/// let result = ToolCallResult::of(&call, "sunny");
/// assert_eq!((result.call_id.as_deref(), result.is_error), (Some("call_1"), false));
/// assert_eq!(result.to_message(), "sunny");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ToolCallResult {
    /// The id of the call.
    pub call_id: Option<String>,
    /// Name of the tool.
    pub name: String,
    /// What it gave, or what it said of its failure.
    pub value: Value,
    /// Whether the call failed.
    pub is_error: bool,
}

impl ToolCallResult {
    /// What a call gave.
    pub fn of(call: &ToolCall, value: impl Into<Value>) -> Self {
        Self { call_id: call.id.clone(), name: call.name.clone(), value: value.into(), is_error: false }
    }

    /// What a failed call said.
    pub fn error_of(call: &ToolCall, message: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::of(call, message.into()) }
    }

    /// What the model is told of it: text as it is, anything else as JSON.
    pub fn to_message(&self) -> String {
        match &self.value {
            Value::Str(text) => text.clone(),
            other => other.to_json_text().unwrap_or_else(|_| other.to_tagged().to_string()),
        }
    }

    /// The result as a mapping, as prompts show it.
    pub fn to_value(&self) -> Value {
        Record::new()
            .with("call_id", self.call_id.clone())
            .with("name", self.name.as_str())
            .with("value", self.value.clone())
            .with("is_error", self.is_error)
            .into()
    }

    fn from_value(value: &Value) -> Option<Self> {
        let d = value.as_dict()?;
        Some(Self {
            call_id: match d.get_str("call_id") {
                None | Some(Value::None) => None,
                Some(id) => Some(id.as_str()?.to_owned()),
            },
            name: d.get_str("name")?.as_str()?.to_owned(),
            value: d.get_str("value")?.clone(),
            is_error: d.get_str("is_error").map_or(Some(false), Value::as_bool)?,
        })
    }

    /// Results as a mapping, as prompts show them.
    pub fn all_to_value(results: &[Self]) -> Value {
        let results: Vec<Value> = results.iter().map(Self::to_value).collect();
        Record::new().with("tool_call_results", results).into()
    }

    /// Results from a list, from a mapping that holds one, or from a single one.
    fn all_from_value(value: &Value) -> Option<Vec<Self>> {
        match value {
            Value::List(items) => items.iter().map(Self::from_value).collect(),
            Value::Dict(d) => match d.get_str("tool_call_results") {
                Some(items) => items.as_list()?.iter().map(Self::from_value).collect(),
                None => Some(vec![Self::from_value(value)?]),
            },
            _ => None,
        }
    }
}

/// Calls of tools that the model wants made, in order, and what they gave where they have been made: the value of a
/// field of type `dspy.ToolCalls`.
///
/// ```
/// use dspex_core::{FieldType, Record, Special, Value, value::{ToolCall, ToolCallResult, ToolCalls}};
/// let call = ToolCall { id: None, name: "weather".into(), args: Record::new().with("place", "Oslo") };
/// let calls = ToolCalls::new([call]);
/// assert_eq!(
///     Value::from(calls.clone()).to_json_text()?,
///     r#"{"tool_calls": [{"name": "weather", "args": {"place": "Oslo"}}]}"#
/// );
/// assert!(FieldType::Special(Special::ToolCalls).check(&calls.clone().into()).is_ok());
/// let done = calls.clone().with_results([ToolCallResult::of(&calls.tool_calls[0], "sunny")]);
/// assert_eq!(done.tool_call_results.unwrap()[0].name, "weather");
/// # Ok::<(), dspex_core::value::text::UnsupportedKind>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ToolCalls {
    /// The calls.
    pub tool_calls: Vec<ToolCall>,
    /// What they gave; none where they have not been made.
    pub tool_call_results: Option<Vec<ToolCallResult>>,
}

impl ToolCalls {
    /// Calls that have not been made.
    pub fn new(calls: impl IntoIterator<Item = ToolCall>) -> Self {
        Self { tool_calls: calls.into_iter().collect(), tool_call_results: None }
    }

    /// The calls with what they gave.
    #[must_use]
    pub fn with_results(mut self, results: impl IntoIterator<Item = ToolCallResult>) -> Self {
        self.tool_call_results = Some(results.into_iter().collect());
        self
    }

    /// The calls without what they gave.
    #[must_use]
    pub fn without_results(mut self) -> Self {
        self.tool_call_results = None;
        self
    }

    /// The results that native messages can carry: one for each call in order, and every call has an id.
    pub fn matched_results(&self) -> Option<&[ToolCallResult]> {
        let results = self.tool_call_results.as_deref()?;
        let ids = self.tool_calls.iter().map(|c| c.id.as_deref().filter(|id| !id.is_empty()));
        let same = ids.clone().all(|id| id.is_some()) && ids.eq(results.iter().map(|r| r.call_id.as_deref()));
        same.then_some(results)
    }

    /// The calls as a mapping, as prompts show them: names and arguments, and what they gave.
    pub fn to_value(&self) -> Value {
        let call = |c: &ToolCall| -> Value {
            Record::new().with("name", c.name.as_str()).with("args", c.args.clone()).into()
        };
        let calls: Vec<Value> = self.tool_calls.iter().map(call).collect();
        let mut record = Record::new().with("tool_calls", calls);
        if let Some(results) = &self.tool_call_results {
            record.insert("tool_call_results", ToolCallResult::all_to_value(results));
        }
        record.into()
    }

    /// The calls that a value means: a mapping with `tool_calls`, a list of calls, or one call, each with `name` and
    /// `args` or in the shape of OpenAI's API, whose arguments are JSON text.
    ///
    /// ```
    /// use dspex_core::{Value, value::ToolCalls};
    /// let one = r#"{"id": "c1", "function": {"name": "weather", "arguments": "{\"place\": \"Oslo\"}"}}"#;
    /// let calls = ToolCalls::from_value(&Value::from_plain_json(one)?).unwrap();
    /// assert_eq!(calls.tool_calls[0].args.get("place").unwrap().as_str(), Some("Oslo"));
    /// assert_eq!(ToolCalls::from_value(&Value::from("call the weather")), None);
    /// # Ok::<(), dspex_core::value::json::JsonError>(())
    /// ```
    pub fn from_value(value: &Value) -> Option<Self> {
        Self::read(value, &mut |arguments| match arguments {
            Value::None => Some(Record::new()),
            Value::Dict(d) => Record::try_from(d.clone()).ok(),
            Value::Str(text) => match Value::from_plain_json(text).ok()? {
                Value::Dict(d) => Record::try_from(d).ok(),
                _ => None,
            },
            _ => None,
        })
    }

    /// The same with a way of one's own to read arguments.
    pub fn read(value: &Value, arguments: &mut dyn FnMut(&Value) -> Option<Record>) -> Option<Self> {
        match value {
            Value::ToolCalls(calls) => Some(calls.clone()),
            Value::List(items) if items.iter().all(|i| i.as_dict().is_some_and(is_call)) => {
                Some(Self::new(each(items, arguments)?))
            }
            Value::Dict(d) => match d.get_str("tool_calls") {
                Some(Value::List(items)) => Some(Self {
                    tool_calls: each(items, arguments)?,
                    tool_call_results: match d.get_str("tool_call_results") {
                        None | Some(Value::None) => None,
                        Some(results) => Some(ToolCallResult::all_from_value(results)?),
                    },
                }),
                None if is_call(d) => Some(Self::new([call(d, arguments)?])),
                _ => None,
            },
            _ => None,
        }
    }
}

impl From<ToolCalls> for Value {
    fn from(calls: ToolCalls) -> Self {
        Self::ToolCalls(calls)
    }
}

/// Whether a mapping looks like a call.
fn is_call(d: &Dict) -> bool {
    let has = |key| d.get_str(key).is_some();
    (has("name") && (has("args") || has("arguments"))) || has("function")
}

fn each(items: &[Value], arguments: &mut dyn FnMut(&Value) -> Option<Record>) -> Option<Vec<ToolCall>> {
    items.iter().map(|item| call(item.as_dict()?, arguments)).collect()
}

fn call(d: &Dict, arguments: &mut dyn FnMut(&Value) -> Option<Record>) -> Option<ToolCall> {
    let get = |key| d.get_str(key).filter(|v| !is_empty(v));
    let empty = Dict::new();
    let (name, given) = match d.get_str("function") {
        Some(function) => {
            let function = if is_empty(function) { &empty } else { function.as_dict()? };
            let name = function.get_str("name").filter(|v| !is_empty(v));
            (name.or_else(|| d.get_str("name")), function.get_str("arguments"))
        }
        None => (d.get_str("name"), d.get_str("args").or_else(|| d.get_str("arguments"))),
    };
    Some(ToolCall {
        id: match get("id").or_else(|| d.get_str("call_id")) {
            None | Some(Value::None) => None,
            Some(id) => Some(id.as_str()?.to_owned()),
        },
        name: name?.as_str()?.to_owned(),
        args: given.map_or_else(|| Some(Record::new()), arguments)?,
    })
}

/// What Python takes as false.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::None => true,
        Value::Str(s) => s.is_empty(),
        Value::Dict(d) => d.is_empty(),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => value.as_f64() == Some(0.0),
        other => other.as_list().is_some_and(<[Value]>::is_empty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<ToolCalls> {
        ToolCalls::from_value(&Value::from_plain_json(json).unwrap())
    }

    #[test]
    fn every_shape_of_a_call_is_read() {
        let weather = |id: Option<&str>| {
            let args = Record::new().with("place", "Oslo");
            Some(ToolCalls::new([ToolCall { id: id.map(str::to_owned), name: "w".into(), args }]))
        };
        for json in [
            r#"{"name": "w", "args": {"place": "Oslo"}}"#,
            r#"[{"name": "w", "arguments": {"place": "Oslo"}}]"#,
            r#"{"tool_calls": [{"name": "w", "args": "{\"place\": \"Oslo\"}"}]}"#,
        ] {
            assert_eq!(read(json), weather(None), "{json}");
        }
        for json in [
            r#"{"id": "c", "type": "function", "function": {"name": "w", "arguments": "{\"place\": \"Oslo\"}"}}"#,
            r#"[{"id": "", "call_id": "c", "name": "w", "args": {"place": "Oslo"}}]"#,
        ] {
            assert_eq!(read(json), weather(Some("c")), "{json}");
        }
        assert_eq!(read("[]"), Some(ToolCalls::default()));
        for json in ["{}", r#"["a"]"#, r#"{"name": "w"}"#, r#"{"tool_calls": 1}"#, r#"{"tool_calls": [{}]}"#]
        {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn results_belong_to_calls_by_their_ids_in_order() {
        let call =
            |id: Option<&str>| ToolCall { id: id.map(str::to_owned), name: "w".into(), args: Record::new() };
        let with = |id: Option<&str>, result: Option<&str>| {
            ToolCalls::new([call(id)]).with_results([ToolCallResult::of(&call(result), "r")])
        };
        assert!(with(Some("a"), Some("a")).matched_results().is_some());
        for (id, result) in [(None, None), (Some("a"), Some("b")), (Some(""), Some("")), (Some("a"), None)] {
            assert!(with(id, result).matched_results().is_none(), "{id:?} {result:?}");
        }
    }
}
