//! An interaction as a line of JSON.

use dspex_core::lm::Embeddings;
use dspex_core::lm::{Choice, LmError, Part, Reply};
use dspex_core::{Record, Usage, Value};
use dspex_lm::Content;
use serde_json::{Value as Json, json};

use super::Replayed;

/// The line: what was recorded, and what it says or why it says nothing.
pub fn line(one: &Replayed) -> Json {
    let mut line = json!({
        "file": one.file,
        "index": one.index,
        "vendor": one.interaction.vendor,
        "wire": one.decoded.wire,
        "streaming": one.decoded.streaming,
    });
    let more = match &one.decoded.content {
        Ok(Content::Reply(reply)) => of_reply(reply),
        Ok(Content::Embeddings(embeddings)) => of_embeddings(embeddings),
        Ok(Content::Models(ids)) => json!({"models": ids}),
        Ok(Content::Skipped(why)) => json!({"skipped": why}),
        Ok(other) => json!({"skipped": format!("{other:?}")}),
        Err(e) => json!({"error": of_error(e, one.interaction.status)}),
    };
    if let (Json::Object(line), Json::Object(more)) = (&mut line, more) {
        line.extend(more);
    }
    line
}

fn of_reply(reply: &Reply) -> Json {
    let mut said = reply.choices.first().map_or_else(|| json!({}), of_choice);
    said["usage"] = of_usage(&reply.usage);
    said["model"] = json!(reply.model);
    if reply.choices.len() > 1 {
        said["choices"] = reply.choices.iter().map(of_choice).collect();
    }
    said
}

fn of_choice(choice: &Choice) -> Json {
    let reasoning =
        choice.parts.iter().filter_map(|p| if let Part::Reasoning(r) = p { Some(r.as_str()) } else { None });
    json!({
        "text": choice.content(),
        "reasoning": reasoning.collect::<String>(),
        "tool_calls": choice.parts.iter().filter_map(of_call).collect::<Vec<_>>(),
        "finish_reason": choice.finish.as_str(),
    })
}

fn of_call(part: &Part) -> Option<Json> {
    match part {
        Part::ToolCall(call) => {
            Some(json!({"id": call.id, "name": call.name, "arguments": plain(&call.args)}))
        }
        Part::BrokenToolCall { id, name, arguments } => {
            Some(json!({"id": id, "name": name, "arguments": arguments}))
        }
        _ => None,
    }
}

/// Arguments as the model wrote them.
fn plain(args: &Record) -> Json {
    let text = Value::from(args.clone()).to_json_text();
    text.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(|| args.to_tagged())
}

/// Counts of tokens; none where nobody told them.
fn of_usage(usage: &Usage) -> Json {
    if usage.uncounted_calls > 0 {
        return Json::Null;
    }
    json!({
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cached": usage.cached_read_tokens,
        "reasoning": usage.reasoning_tokens,
    })
}

fn of_embeddings(all: &Embeddings) -> Json {
    json!({
        "embeddings": all.vectors.len(),
        "dimensions": all.vectors.first().map(Vec::len),
        "usage": of_usage(&all.usage),
        "model": all.model,
    })
}

fn of_error(e: &LmError, status: u16) -> Json {
    json!({"kind": e.kind.code(), "status": e.status.unwrap_or(status), "message": e.message})
}
