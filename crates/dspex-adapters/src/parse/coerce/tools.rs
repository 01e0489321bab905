//! Calls of tools and earlier turns, from the JSON that a model writes for them.

use dspex_core::value::{History, ToolCalls};
use dspex_core::{FieldType, ParseRule, Record, Value};

use super::walk::{Exactness, Walk};
use super::{Mismatch, repair};

/// Calls in one of their shapes; arguments may be JSON text, also broken.
pub(super) fn calls(walk: &mut Walk<'_, '_>, value: &Value, ty: &FieldType) -> Result<Value, Mismatch> {
    if let Value::ToolCalls(_) = value {
        return Ok(value.clone());
    }
    walk.floor(Exactness::Strict);
    let mut refused = None;
    let calls = ToolCalls::read(value, &mut |arguments| match read(walk, arguments) {
        Ok(args) => args,
        Err(rule) => {
            refused = Some(rule);
            None
        }
    });
    let wrong = || Mismatch::new(ty, value);
    let calls = match (calls, refused) {
        (Some(calls), _) => calls,
        (None, Some(rule)) => return Err(wrong().by(rule)),
        (None, None) => return Err(wrong()),
    };
    walk.add_fields(1 + usize::from(calls.tool_call_results.is_some()));
    Ok(calls.into())
}

/// Arguments by name; none where they cannot be read, and a rule where DSPy would take none.
fn read(walk: &mut Walk<'_, '_>, arguments: &Value) -> Result<Option<Record>, ParseRule> {
    Ok(match arguments {
        Value::None => Some(Record::new()),
        Value::Dict(d) => Record::try_from(d.clone()).ok(),
        Value::Str(text) => {
            let Ok(loaded) = repair::loads(text) else { return Ok(None) };
            if loaded.repaired && walk.cx.applies(ParseRule::RepairedJson) {
                let how = "the arguments of a tool call are not JSON as they stand; they are what it means";
                walk.cx.note(ParseRule::RepairedJson, how);
            }
            match loaded.value {
                Value::Dict(d) => Record::try_from(d).ok(),
                _ => None,
            }
        }
        _ if walk.cx.applies(ParseRule::ToolArguments) => return Err(ParseRule::ToolArguments),
        _ => Some(Record::new()),
    })
}

/// A mapping with messages, each a mapping whose keys are text.
pub(super) fn history(walk: &mut Walk<'_, '_>, value: &Value, ty: &FieldType) -> Result<Value, Mismatch> {
    if let Value::History(_) = value {
        return Ok(value.clone());
    }
    walk.floor(Exactness::Strict);
    let history = History::from_value(value).ok_or_else(|| Mismatch::new(ty, value))?;
    walk.add_fields(1);
    // DSPy's class takes white space off the names.
    let trimmed = |message: Record| message.into_iter().map(|(k, v)| (k.trim().to_owned(), v)).collect();
    Ok(History::new(history.messages.into_iter().map(trimmed)).into())
}
