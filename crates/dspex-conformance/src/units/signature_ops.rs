//! `signature_ops`: edits of a signature, written as DSPy calls, and the signature or the class of error they give.

use dspex_core::signature::compat;
use dspex_core::{
    Constraint, Direction, EditError, Field, FieldState, FieldType, Signature, SignatureParser,
    SignatureState,
};
use dspex_modules::ChainOfThought;
use serde_json::{Value as Json, json};

use super::op_text::{Call, chain, unquote};
use super::string_signatures::heading;
use crate::corpus::Corpus;
use crate::outcome::{Outcome, member, same, text};

/// What an edit gives: a signature, or the class of DSPy's error; the outer error is text that cannot be read.
type Edited = Result<Result<Signature, &'static str>, String>;

pub(super) fn run(corpus: &Corpus, row: &Json) -> Outcome {
    let edited = apply(&base(corpus)?, row)?;
    if let Some(error) = row.get("error") {
        let class = text(error, "class")?;
        return match edited {
            Ok(s) => Err(format!("expected {class}, found the signature `{s}`")),
            Err(found) => same("the error", &found, &class),
        };
    }
    let ok = member(row, "ok")?;
    let found = edited.map_err(|class| format!("expected a signature, found {class}"))?;
    heading(&found, ok)?;
    let state = found.dump_state();
    let fields: Vec<Json> =
        state.fields.iter().map(|f| json!({"prefix": f.prefix, "description": f.description})).collect();
    let dumped = json!({"instructions": state.instructions, "fields": fields});
    same("the state", &dumped, member(ok, "dump_state")?)
}

/// The signature that the table edits: its first row shows it.
fn base(corpus: &Corpus) -> Result<Signature, String> {
    let ok = super::rows(corpus, "signature_ops").iter().find(|r| r["op"] == "base").map(|r| &r["ok"]);
    let get = |key: &str, known: &'static str| {
        ok.and_then(|ok| ok.get(key)).and_then(Json::as_str).unwrap_or(known).to_owned()
    };
    parse(&get("signature", "a, b -> c, d")).map(|s| s.with_instructions(get("instructions", "Do it.")))
}

fn parse(signature: &str) -> Result<Signature, String> {
    SignatureParser::new().compat().parse(signature).map_err(|e| e.to_string())
}

fn apply(base: &Signature, row: &Json) -> Edited {
    let op = text(row, "op")?;
    match op {
        "base" => return Ok(Ok(base.clone())),
        // The row does not name the string, but the signature in short is that string.
        "default instructions from string" => return parse(text(member(row, "ok")?, "signature")?).map(Ok),
        "cot default" => return chain_of_thought(text(member(row, "ok")?, "signature")?).map(Ok),
        _ => {}
    }
    let mut signature = base.clone();
    for call in chain(op) {
        let call = Call::read(call).ok_or_else(|| format!("not supported yet: the operation `{op}`"))?;
        match edit(&signature, &call, op)? {
            Ok(edited) => signature = edited,
            Err(class) => return Ok(Err(class)),
        }
    }
    Ok(Ok(signature))
}

/// The signature that a chain of thought asks, for the one that is left without the added output.
fn chain_of_thought(expected: &str) -> Result<Signature, String> {
    let mut plain = parse(expected)?;
    if let Some(added) = plain.outputs().first().map(|f| f.name.clone()) {
        plain = plain.delete(&added);
    }
    let chain = ChainOfThought::parse(&plain.to_string()).map_err(|e| e.to_string())?;
    Ok(chain.signature().clone())
}

fn edit(signature: &Signature, call: &Call<'_>, op: &str) -> Edited {
    let need = |place: usize, keyword: &str| {
        call.argument(place, keyword).ok_or_else(|| format!("malformed row: expected `{keyword}` in `{op}`"))
    };
    Ok(match call.name {
        "append" | "prepend" | "insert" => {
            let (index, first) = match call.name {
                "append" => (-1, 0),
                "prepend" => (0, 0),
                _ => (
                    need(0, "index")?.parse().map_err(|_| format!("malformed row: the index in `{op}`"))?,
                    1,
                ),
            };
            let ty = call.argument(first + 2, "type_").map(read_type).transpose()?;
            let field = read_field(need(first, "name")?, need(first + 1, "field")?, ty)?;
            compat::insert(signature, index, field).map_err(|e| class(&e))
        }
        "delete" => Ok(signature.delete(need(0, "name")?)),
        "with_instructions" => Ok(cleaned(&signature.with_instructions(words(need(0, "instructions")?)))),
        "append_instructions" => {
            Ok(cleaned(&signature.append_instructions(&words(need(0, "instructions")?))))
        }
        "with_updated_fields" => {
            let ty = call.argument(1, "type_").filter(|t| *t != "None").map(read_type).transpose()?;
            let changed = signature.with_updated_field(need(0, "name")?, |mut field| {
                if let Some(ty) = ty {
                    field.ty = ty;
                }
                call.keyword.iter().fold(field, |field, (key, value)| match *key {
                    "desc" => field.with_description(words(value)),
                    "prefix" => field.with_prefix(words(value)),
                    _ => field,
                })
            });
            changed.map_err(|e| class(&e))
        }
        "load_state" => Ok(compat::load_state(signature, &state(signature, need(0, "state")?))),
        // Instructions can be given only where a signature is made from a string; DSPy finds out when it runs.
        "ensure_signature" => match (need(0, "signature")?, call.argument(1, "instructions")) {
            (given, instructions) if unquote(given).is_some() => {
                let parsed = parse(&words(given))?;
                Ok(instructions.map_or(parsed.clone(), |i| parsed.with_instructions(words(i))))
            }
            (_, None | Some("None")) => Ok(signature.clone()),
            (_, Some(_)) => Err("ValueError"),
        },
        _ => return Err(format!("not supported yet: the operation `{op}`")),
    })
}

/// The signature with its instructions as DSPy gives them back.
fn cleaned(signature: &Signature) -> Signature {
    signature.with_instructions(compat::clean(signature.instructions()))
}

/// DSPy's class for an edit that does not fit.
fn class(error: &EditError) -> &'static str {
    match error {
        EditError::Unknown { .. } => "KeyError",
        _ => "ValueError",
    }
}

/// The text of an argument: a literal's, or the argument itself where it is only named.
fn words(argument: &str) -> String {
    unquote(argument).unwrap_or_else(|| argument.to_owned())
}

fn read_type(text: &str) -> Result<FieldType, String> {
    let signature = parse(&format!("x -> y: {text}"))?;
    signature
        .outputs()
        .first()
        .map(|f| f.ty.clone())
        .ok_or_else(|| format!("malformed row: the type `{text}`"))
}

/// `InputField(..)` or `OutputField(..)` under a name.
fn read_field(name: &str, text: &str, ty: Option<FieldType>) -> Result<Field, String> {
    let call = Call::read(text).ok_or_else(|| format!("malformed row: the field `{text}`"))?;
    let direction = match call.name.rsplit('.').next() {
        Some("InputField") => Direction::Input,
        Some("OutputField") => Direction::Output,
        _ => return Err(format!("malformed row: the field `{text}`")),
    };
    let ty = ty.unwrap_or(FieldType::Str);
    let mut field = match direction {
        Direction::Input => Field::input(words(name), ty),
        Direction::Output => Field::output(words(name), ty),
    };
    for (keyword, value) in &call.keyword {
        field = match *keyword {
            "desc" | "description" => field.with_description(words(value)),
            "prefix" => field.with_prefix(words(value)),
            _ => match serde_json::from_str::<Json>(value)
                .ok()
                .and_then(|v| dspex_core::Value::from_tagged(&v).ok())
                .and_then(|v| Constraint::from_keyword(keyword, &v))
            {
                Some(constraint) => field.with_constraint(constraint),
                None => field,
            },
        };
    }
    Ok(field)
}

/// The state that the words in `load_state(fewer fields)` stand for: `L` as instructions, and for each field, `A`
/// being the first's name, the label `PA:` and the description `DA`.
fn state(signature: &Signature, words: &str) -> SignatureState {
    let mut names: Vec<String> = signature.fields().map(|f| f.name.to_uppercase()).collect();
    if words.contains("fewer") {
        names.truncate(1);
    } else if words.contains("more") {
        names.push("E".into());
    }
    let fields =
        names.iter().map(|n| FieldState { prefix: format!("P{n}:"), description: format!("D{n}") }).collect();
    SignatureState { instructions: "L".into(), fields }
}
