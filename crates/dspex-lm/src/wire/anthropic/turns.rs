//! The conversation: what the program says first, and the turns of the user and the model.

use dspex_core::lm::{LmError, Message, Part, Role};
use dspex_core::value::Value;
use serde_json::{Map, Value as Json, json};

use super::NAME;
use super::blocks;
use super::family::Family;
use crate::wire::Call;
use crate::wire::ids::Ids;
use crate::wire::parts::{name, plain};

/// A conversation as blocks.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) system: Vec<Json>,
    turns: Vec<Turn>,
    /// Thoughts that nobody has signed; without a signature they are not taken back.
    unsigned: Option<String>,
    calls: Ids,
    cites: bool,
}

#[derive(Debug)]
struct Turn {
    role: &'static str,
    blocks: Vec<Json>,
}

impl Turns {
    pub(super) fn of(call: &Call<'_>, family: Family, cites: bool) -> Result<Self, LmError> {
        let mut turns = Self { cites, ..Self::default() };
        for message in &call.request.messages {
            turns.message(call, message, family)?;
        }
        turns.turns.retain(|t| !t.blocks.is_empty());
        Ok(turns)
    }

    pub(super) fn messages(self) -> Json {
        let turns = self.turns.into_iter();
        turns.map(|t| json!({"role": t.role, "content": t.blocks})).collect()
    }

    /// Every block, in the order in which the provider reads them.
    pub(super) fn blocks(&mut self) -> impl Iterator<Item = &mut Json> {
        self.system.iter_mut().chain(self.turns.iter_mut().flat_map(|t| &mut t.blocks))
    }

    fn message(&mut self, call: &Call<'_>, message: &Message, family: Family) -> Result<(), LmError> {
        self.unsigned = None;
        let role = match message.role {
            // Models that know of no such turn are told at the start.
            Role::System if self.turns.is_empty() || !family.system_turns => {
                return self.system(call, message);
            }
            Role::System => "system",
            Role::Assistant => "assistant",
            Role::User | Role::Tool => "user",
        };
        if self.turns.last().is_none_or(|t| t.role != role) {
            self.turns.push(Turn { role, blocks: Vec::new() });
        }
        for part in &message.parts {
            self.part(call, part, message.role)?;
        }
        Ok(())
    }

    fn system(&mut self, call: &Call<'_>, message: &Message) -> Result<(), LmError> {
        for part in &message.parts {
            match part {
                Part::Text(text) => self.system.extend(blocks::text(text)),
                Part::CachePoint { ttl } => {
                    if let Some(block) = self.system.last_mut() {
                        mark(block, ttl.as_deref());
                    }
                }
                Part::Opaque { .. } => {}
                other => call.cannot(&format!("{} in a system message", name(other)))?,
            }
        }
        Ok(())
    }

    fn part(&mut self, call: &Call<'_>, part: &Part, role: Role) -> Result<(), LmError> {
        let unsigned = self.unsigned.take();
        match part {
            Part::Text(text) => self.add(role, blocks::text(text)),
            Part::Media(media) => {
                let block = blocks::media(call, media, self.cites)?;
                self.add(role, block);
            }
            Part::Document(document) => self.add(role, Some(blocks::document(document, self.cites))),
            Part::ToolCall(c) => {
                let id = clean(&self.calls.call(c.id.as_deref(), &c.name));
                let input = plain(&Value::from(c.args.clone()));
                self.push(json!({"type": "tool_use", "id": id, "name": c.name, "input": input}));
            }
            // The input must be an object; what the model wrote instead stands in one.
            Part::BrokenToolCall { id, name, arguments } => {
                let id = clean(&self.calls.call(id.as_deref(), name));
                let input = json!({"arguments": arguments});
                self.push(json!({"type": "tool_use", "id": id, "name": name, "input": input}));
            }
            Part::ToolResult { call_id, name, content, is_error } => {
                let id = clean(&self.calls.result(call_id.as_deref(), name));
                let mut block = json!({"type": "tool_result", "tool_use_id": id});
                block["content"] = blocks::text(content).into_iter().collect();
                if *is_error {
                    block["is_error"] = json!(true);
                }
                self.push(block);
            }
            Part::Reasoning(text) => self.unsigned = Some(text.clone()),
            Part::Citations(cited) if self.cites => {
                let all = cited.0.iter().filter_map(blocks::citation).collect();
                self.annotate(None, &Map::from_iter([("citations".to_owned(), Json::Array(all))]));
            }
            Part::Citations(_) => {}
            Part::CachePoint { ttl } => self.cache_point(ttl.as_deref()),
            Part::Opaque { provider, data } if provider == NAME => match data {
                Json::Object(own) if own.contains_key("type") => self.push(data.clone()),
                Json::Object(own) => self.annotate(unsigned, own),
                _ => {}
            },
            Part::Opaque { .. } => self.unsigned = unsigned,
            other => call.cannot(name(other))?,
        }
        Ok(())
    }

    fn push(&mut self, block: Json) {
        if let Some(turn) = self.turns.last_mut() {
            turn.blocks.push(block);
        }
    }

    /// A block of a turn; behind the result of a call, one of that result.
    fn add(&mut self, role: Role, block: Option<Json>) {
        let Some(block) = block else { return };
        let last = self.turns.last_mut().and_then(|t| t.blocks.last_mut());
        match last.filter(|b| role == Role::Tool && b["type"] == "tool_result") {
            Some(Json::Object(result)) => {
                if let Some(Json::Array(content)) = result.get_mut("content") {
                    content.push(block);
                }
            }
            _ => self.push(block),
        }
    }

    /// Puts what belongs to a block into it: a signature, citations, who made a call.
    fn annotate(&mut self, unsigned: Option<String>, own: &Map<String, Json>) {
        if let Some(signature) = own.get("signature") {
            let thinking = unsigned.unwrap_or_default();
            return self.push(json!({"type": "thinking", "thinking": thinking, "signature": signature}));
        }
        let last = self.turns.last_mut().and_then(|t| t.blocks.last_mut());
        let Some(block) = last.and_then(Json::as_object_mut) else { return };
        for (key, value) in own {
            match (block.get_mut(key), value) {
                (Some(Json::Array(so_far)), Json::Array(more)) => so_far.extend(more.iter().cloned()),
                (None, Json::Array(none)) if none.is_empty() => {}
                _ => {
                    block.insert(key.clone(), value.clone());
                }
            }
        }
    }

    /// Marks the last block that can be marked; thoughts cannot.
    fn cache_point(&mut self, ttl: Option<&str>) {
        let marked = |b: &&mut Json| !matches!(b["type"].as_str(), Some("thinking" | "redacted_thinking"));
        let blocks: Vec<&mut Json> = self.blocks().collect();
        if let Some(block) = blocks.into_iter().rev().find(marked) {
            mark(block, ttl);
        }
    }
}

fn mark(block: &mut Json, ttl: Option<&str>) {
    block["cache_control"] = match ttl {
        Some(ttl) => json!({"type": "ephemeral", "ttl": ttl}),
        None => json!({"type": "ephemeral"}),
    };
}

/// An id as this provider takes it; those of others have other characters.
fn clean(id: &str) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    id.chars().map(|c| if known(c) { c } else { '_' }).collect()
}
