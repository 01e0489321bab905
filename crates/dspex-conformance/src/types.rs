//! Types as a corpus describes them, as field types.

use std::sync::Arc;

use dspex_core::signature::compat;
use dspex_core::types::{EnumType, StructField, StructType, TupleType, UnionSyntax};
use dspex_core::{FieldType, Special, Value};
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{list, member, text};

impl Corpus {
    /// The type of an AST. `spelled` is DSPy's name of the whole type, which alone tells `Code` from
    /// `Code["python"]`.
    pub(crate) fn field_type(&self, ast: &Json, spelled: &str) -> Result<FieldType, String> {
        Reader { corpus: self, spelled, open: Vec::new() }.read(ast)
    }

    /// The names and values of an enumeration's members.
    pub(crate) fn members(&self, name: &str) -> Result<Vec<(String, Value)>, String> {
        let json =
            self.entry("enums", name).ok_or_else(|| format!("malformed row: no enumeration `{name}`"))?;
        let member = |m: &Json| match m.as_array().map(Vec::as_slice) {
            Some([Json::String(name), value]) => Ok((name.clone(), self.value(value)?)),
            _ => Err("malformed row: expected members as pairs".to_owned()),
        };
        list(json, "members")?.iter().map(member).collect()
    }
}

struct Reader<'a> {
    corpus: &'a Corpus,
    spelled: &'a str,
    /// Names of the structs being read, to stop at one that contains itself, and whether each refuses other fields.
    open: Vec<(String, bool)>,
}

impl Reader<'_> {
    fn read(&mut self, ast: &Json) -> Result<FieldType, String> {
        Ok(match text(ast, "kind")? {
            "str" => FieldType::Str,
            "int" => FieldType::Int,
            "float" => FieldType::Float,
            "bool" => FieldType::Bool,
            "none" => FieldType::None,
            "any" => FieldType::Any,
            "bytes" => FieldType::Bytes,
            "complex" => FieldType::Complex,
            "date" => FieldType::Date,
            "datetime" => FieldType::DateTime,
            "time" => FieldType::Time,
            "timedelta" => FieldType::TimeDelta,
            "decimal" => FieldType::Decimal,
            "uuid" => FieldType::Uuid,
            "list" => FieldType::List(self.item(ast)?),
            "set" => FieldType::Set(self.item(ast)?),
            "frozenset" => FieldType::FrozenSet(self.item(ast)?),
            "dict" => match (ast.get("key"), ast.get("value")) {
                (Some(key), Some(value)) => FieldType::dict(self.read(key)?, self.read(value)?),
                _ => FieldType::Dict(None),
            },
            "tuple" if ast.get("items").is_none() => FieldType::Tuple(None),
            "tuple" => {
                let items = list(ast, "items")?.iter().map(|i| self.read(i)).collect::<Result<_, _>>()?;
                let variadic = ast.get("variadic").and_then(Json::as_bool).unwrap_or(false);
                FieldType::Tuple(Some(TupleType { items, variadic }))
            }
            "literal" => FieldType::Literal(
                list(ast, "values")?.iter().map(|v| self.corpus.value(v)).collect::<Result<_, _>>()?,
            ),
            "union" => {
                let options = list(ast, "options")?.iter().map(|o| self.read(o)).collect::<Result<_, _>>()?;
                let syntax = match ast.get("syntax").and_then(Json::as_str) {
                    Some("pep604") => UnionSyntax::Pep604,
                    _ => UnionSyntax::Typing,
                };
                FieldType::union(options, syntax)
            }
            "enum" => {
                let name = text(ast, "ref")?;
                FieldType::Enum(Arc::new(EnumType {
                    name: name.to_owned(),
                    members: self.corpus.members(name)?,
                    integer: self.corpus.entry("enums", name).is_some_and(|e| e["mixin"] == "int"),
                }))
            }
            "model" => self.named("models", text(ast, "ref")?)?,
            "typeddict" => self.named("typeddicts", text(ast, "ref")?)?,
            "annotated" => self.read(annotated(ast)?)?,
            "dspy" => FieldType::Special(self.special(ast)?),
            other => return Err(format!("not supported yet: types of kind `{other}`")),
        })
    }

    fn item(&mut self, ast: &Json) -> Result<Option<Box<FieldType>>, String> {
        ast.get("item").map(|item| self.read(item).map(Box::new)).transpose()
    }

    fn special(&self, ast: &Json) -> Result<Special, String> {
        Ok(match text(ast, "name")? {
            "Image" => Special::Image,
            "Audio" => Special::Audio,
            "File" => Special::File,
            "Document" => Special::Document,
            "Citations" => Special::Citations,
            "History" => Special::History,
            "Tool" => Special::Tool,
            "ToolCalls" => Special::ToolCalls,
            "Reasoning" => Special::Reasoning,
            // DSPy's plain `Code` is of the language Python too, but is not spelled with it.
            "Code" => Special::Code(
                ast.get("language")
                    .and_then(Json::as_str)
                    .filter(|l| *l != "python" || self.spelled.contains("Code_python"))
                    .map(str::to_owned),
            ),
            other => return Err(format!("not supported yet: the type `{other}`")),
        })
    }

    /// A model or a typed dictionary.
    fn named(&mut self, table: &str, name: &str) -> Result<FieldType, String> {
        if self.open.iter().any(|(n, _)| n == name) {
            return Ok(FieldType::Ref(name.into()));
        }
        let json = self
            .corpus
            .entry(table, name)
            .ok_or_else(|| format!("malformed row: no type `{name}` in `{table}`"))?;
        let typed_dict = table == "typeddicts";
        // A typed dictionary is held to what the model around it says.
        let around = typed_dict && self.open.last().is_some_and(|(_, closed)| *closed);
        let closed = around || json.pointer("/config/extra").and_then(Json::as_str) == Some("forbid");
        self.open.push((name.to_owned(), closed));
        let fields: Result<Vec<_>, String> =
            list(json, "fields")?.iter().map(|f| self.struct_field(json, table, f)).collect();
        self.open.pop();
        Ok(FieldType::Struct(Arc::new(StructType {
            name: name.to_owned(),
            description: json.get("doc").and_then(Json::as_str).map(compat::clean),
            fields: fields?,
            closed,
            by_name: ["populate_by_name", "validate_by_name"].iter().any(|key| json["config"][*key] == true),
            typed_dict,
        })))
    }

    fn struct_field(&mut self, owner: &Json, table: &str, json: &Json) -> Result<StructField, String> {
        let name = text(json, "name")?;
        let optional = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
        // The fields of a typed dictionary say `required` even where the dictionary as a whole is not total; its
        // schema knows.
        let required = match owner.pointer("/json_schema/required").and_then(Json::as_array) {
            Some(names) if table == "typeddicts" => names.iter().any(|n| n == name),
            None if table == "typeddicts" => false,
            _ => json.get("required").and_then(Json::as_bool).unwrap_or(true),
        };
        Ok(StructField {
            name: name.to_owned(),
            alias: optional("alias"),
            ty: self.read(member(json, "type")?)?,
            description: optional("description"),
            required,
            default: json.get("default").map(|d| self.corpus.value(d)).transpose()?,
            hidden_default: json.get("factory").and_then(Json::as_bool).unwrap_or(false),
            constraints: self.corpus.constraints(json)?,
        })
    }
}

/// The type inside an `annotated` one.
pub(crate) fn annotated(ast: &Json) -> Result<&Json, String> {
    ["type", "item", "inner", "base", "origin"]
        .iter()
        .find_map(|key| ast.get(key).filter(|t| t.get("kind").is_some()))
        .ok_or_else(|| "malformed row: expected the type inside `annotated`".to_owned())
}
