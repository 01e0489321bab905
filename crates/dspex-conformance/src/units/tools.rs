//! `tools`: what a model is told of a tool; and `tool_calls_invocation`: which arguments a tool takes.

use dspex_core::value::Tool;
use dspex_core::{Record, Value};
use serde_json::{Map, Value as Json, json};

use crate::corpus::Corpus;
use crate::outcome::{Outcome, member, same, text};
use crate::units::rows;

/// Runs a row of the table of tools.
pub(super) fn run(corpus: &Corpus, row: &Json) -> Outcome {
    let tool = tool(row)?;
    let args = member(row, "args")?;
    same("the arguments", &Json::Object(tool.args().clone()).to_string(), &args.to_string())?;
    same("whether it takes others", &json!(tool.takes_other_args()), member(row, "has_kwargs")?)?;
    let spec = tool.spec();
    let function = json!({
        "name": spec.name, "description": spec.description, "parameters": spec.parameters,
    });
    let call = json!({"type": "function", "function": function});
    same("the call", &call.to_string(), &member(row, "function_call")?.to_string())?;
    let words = Value::from(tool).to_text().map_err(|e| e.to_string())?;
    same("the words", &words.as_str(), &text(row, "str")?)?;
    corpus
        .value(&json!({"$dspy": "Tool", "name": row["name"], "desc": row["desc"], "args": args}))
        .map(|_| ())
}

/// The tool of a row as a program would make it. Of a function that takes any arguments DSPy names the last one, too,
/// and that is what the compatible form puts there.
fn tool(row: &Json) -> Result<Tool, String> {
    let args = member(row, "args")?.as_object().ok_or("malformed row: expected an object of arguments")?;
    let others = member(row, "has_kwargs")?.as_bool().ok_or("malformed row: `has_kwargs`")?;
    let mut tool = Tool::new(text(row, "name")?, text(row, "desc")?);
    for (name, schema) in args.iter().filter(|(name, _)| !(others && *name == "kwargs")) {
        tool = tool.with_arg(name, schema.clone());
    }
    Ok(if others { tool.with_other_args() } else { tool }.compat())
}

/// Runs a row of the table of calls.
pub(super) fn run_call(corpus: &Corpus, row: &Json) -> Outcome {
    let args = corpus.record(member(row, "kwargs")?)?;
    // What a function gives is no part of the corpus but for these rows; here it is whether it runs, and with what.
    let expected = row.get("ok").map(|ok| corpus.value(ok)).transpose()?;
    let given = expected.clone().unwrap_or(Value::None);
    let tool = named(corpus, text(row, "tool")?)?.with_function(move |args: Record| {
        let echoed = args.values().find(|v| **v == given).cloned();
        Ok(echoed.unwrap_or_else(|| given.clone()))
    });
    match (expected, tool.call(args)) {
        (Some(ok), found) => same("what it gives", &found.map_err(|e| e.to_string())?, &ok),
        (None, Ok(found)) => Err(format!("expected an error, found {}", found.to_tagged())),
        (None, Err(e)) => names_argument(row, &e.to_string()),
    }
}

/// Whether an error names the argument that DSPy's names.
fn names_argument(row: &Json, error: &str) -> Outcome {
    let message = row.pointer("/error/message").and_then(Json::as_str).unwrap_or_default();
    let argument = message.strip_prefix("Arg ").and_then(|rest| rest.split(' ').next());
    match argument {
        Some(name) if !error.contains(&format!("`{name}`")) => {
            Err(format!("expected an error about `{name}`, found {error}"))
        }
        _ => Ok(()),
    }
}

/// The tool of a name: of the table of tools, or one whose arguments that table leaves out.
fn named(corpus: &Corpus, name: &str) -> Result<Tool, String> {
    if let Some(row) = rows(corpus, "tools").iter().find(|row| row["id"] == name) {
        return tool(row);
    }
    let args = match name {
        "no_doc" => json!({"x": {}}),
        "with_person" => json!({
            "p": member(corpus.entry("models", "Person").ok_or("malformed row: no model `Person`")?, "json_schema")?,
            "tags": {"type": "array", "items": {"type": "string"}},
        }),
        other => return Err(format!("malformed row: no tool `{other}`")),
    };
    let args: Map<String, Json> = args.as_object().cloned().unwrap_or_default();
    Ok(args
        .into_iter()
        .fold(Tool::new(name, ""), |tool, (name, schema)| tool.with_arg(name, schema))
        .compat())
}
