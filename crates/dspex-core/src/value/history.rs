//! Earlier turns of a conversation.

use super::{Record, Value};

/// Earlier turns of a conversation: the value of a field of type `dspy.History`.
///
/// Each message has the fields of one call, inputs and outputs by name. Adapters write it as turns of its own before
/// the turn that asks; one with outputs only is a turn of the model alone.
///
/// ```
/// use dspex_core::{Record, value::History};
/// let mut history = History::new([Record::new().with("question", "Who wrote Faust?").with("answer", "Goethe")]);
/// history.push(Record::new().with("question", "When?").with("answer", "1808"));
/// assert_eq!(history.messages.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    /// The messages in order.
    pub messages: Vec<Record>,
}

impl History {
    /// A conversation of these messages.
    pub fn new(messages: impl IntoIterator<Item = Record>) -> Self {
        Self { messages: messages.into_iter().collect() }
    }

    /// Adds a message at the end.
    pub fn push(&mut self, message: Record) {
        self.messages.push(message);
    }

    /// The history that a value means: a history, or a mapping with the messages under `messages` and nothing else.
    ///
    /// ```
    /// use dspex_core::{Value, value::History};
    /// let value = Value::from_json(r#"{"messages": [{"question": "Who?"}]}"#)?;
    /// assert_eq!(History::from_value(&value).unwrap().messages[0].get("question").unwrap().as_str(), Some("Who?"));
    /// assert_eq!(History::from_value(&Value::from("Who?")), None);
    /// # Ok::<(), dspex_core::value::json::JsonError>(())
    /// ```
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::History(history) => Some(history.clone()),
            Value::Dict(d) if d.len() == 1 => {
                let messages = d.get_str("messages")?.as_list()?;
                let message = |m: &Value| Record::try_from(m.as_dict()?.clone()).ok();
                Some(Self { messages: messages.iter().map(message).collect::<Option<_>>()? })
            }
            _ => None,
        }
    }

    /// The history as a mapping, as prompts show it.
    pub fn to_value(&self) -> Value {
        let messages: Vec<Value> = self.messages.iter().cloned().map(Value::from).collect();
        Record::new().with("messages", messages).into()
    }
}

impl From<History> for Value {
    fn from(history: History) -> Self {
        Self::History(history)
    }
}
