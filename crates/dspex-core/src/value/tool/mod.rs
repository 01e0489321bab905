//! Tools that a model may call: what is said of them, and the function behind them.

mod arguments;
mod error;
mod refs;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

pub use error::ToolError;

use self::arguments::{Fault, fault};
use self::refs::{refers, resolved};
use super::{Record, Value, from_value, to_value};
use crate::lm::ToolSpec;

/// What a tool runs: from arguments by name to a value, or to words about what went wrong.
type Function = dyn Fn(Record) -> Result<Value, String> + Send + Sync;

/// A tool that a model may call: its name, what it does, a JSON Schema for each argument, and a function of the program.
///
/// It is a value: an input of type `dspy.Tool` or `list[dspy.Tool]` takes it. Two tools are equal when a model is told
/// the same of them.
///
/// ```
/// use dspex_core::{Record, value::{Tool, ToolError}};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Weather {
///     /// Where.
///     city: String,
///     #[serde(default)]
///     days: u8,
/// }
///
/// let tool = Tool::from_fn("weather", "Looks up the weather.", |w: Weather| {
///     Ok::<_, ToolError>(format!("{} days of sun in {}", w.days, w.city))
/// });
/// let given = Record::new().with("city", "Oslo").with("days", 2);
/// assert_eq!(tool.call(given)?.as_str(), Some("2 days of sun in Oslo"));
/// let e = tool.call(Record::new().with("city", 5)).unwrap_err();
/// assert_eq!(e.to_string(), "weather: the argument `city` is invalid: 5 is not of type \"string\"");
/// # Ok::<(), ToolError>(())
/// ```
#[derive(Clone)]
pub struct Tool(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    name: String,
    description: String,
    args: Map<String, Json>,
    /// Definitions that schemas of arguments refer to, since they contain themselves.
    definitions: Option<Json>,
    takes_others: bool,
    compat: bool,
    function: Option<Arc<Function>>,
}

impl Tool {
    /// A tool without arguments and without a function.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            name: name.into(),
            description: description.into(),
            args: Map::new(),
            definitions: None,
            takes_others: false,
            compat: false,
            function: None,
        }))
    }

    /// A tool over a function of one struct, whose fields are the arguments.
    pub fn from_fn<A, T, E>(
        name: impl Into<String>,
        description: impl Into<String>,
        function: impl Fn(A) -> Result<T, E> + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        T: Serialize,
        E: fmt::Display,
    {
        let settings =
            schemars::generate::SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<A>();
        Self::new(name, description).with_parameters(schema.as_value()).with_function(move |args| {
            let args = from_value(args.into()).map_err(|e| e.to_string())?;
            let result = function(args).map_err(|e| e.to_string())?;
            to_value(&result).map_err(|e| e.to_string())
        })
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// The tool with one more argument, which a JSON Schema describes. One with a `default` may be left out.
    ///
    /// ```
    /// use dspex_core::value::Tool;
    /// use serde_json::json;
    /// let tool = Tool::new("search", "Finds pages.")
    ///     .with_arg("query", json!({"type": "string"}))
    ///     .with_arg("limit", json!({"type": "integer", "default": 5}));
    /// assert_eq!(tool.spec().parameters["required"], json!(["query"]));
    /// ```
    #[must_use]
    pub fn with_arg(self, name: impl Into<String>, schema: Json) -> Self {
        self.change(|t| {
            t.args.insert(name.into(), schema);
        })
    }

    /// The tool with the arguments of a JSON Schema of an object, as other protocols describe tools. References are
    /// put in the place where they stand; an argument that is not required gets the default that it says, or `null`.
    #[must_use]
    pub fn with_parameters(self, schema: &Json) -> Self {
        let mut args = Map::new();
        let required = |name: &str| {
            schema["required"].as_array().is_some_and(|all| all.iter().any(|required| required == name))
        };
        for (name, arg) in schema["properties"].as_object().into_iter().flatten() {
            let mut arg = resolved(arg, schema, &mut Vec::new());
            if let Some(map) =
                arg.as_object_mut().filter(|map| !required(name) && !map.contains_key("default"))
            {
                map.insert("default".into(), Json::Null);
            }
            args.insert(name.clone(), arg);
        }
        let refers = args.values().any(refers);
        self.change(|t| {
            t.args = args;
            t.definitions = schema.get("$defs").filter(|_| refers).cloned();
        })
    }

    /// The tool with a description of one of its arguments.
    #[must_use]
    pub fn with_arg_description(self, name: &str, description: impl Into<String>) -> Self {
        self.change(|t| {
            if let Some(Json::Object(schema)) = t.args.get_mut(name) {
                schema.insert("description".into(), Json::String(description.into()));
            }
        })
    }

    /// The tool taking arguments that it does not name, as a Python function with `**kwargs` does.
    #[must_use]
    pub fn with_other_args(self) -> Self {
        self.change(|t| t.takes_others = true)
    }

    /// The tool with a function. Its arguments have been checked when it runs.
    #[must_use]
    pub fn with_function(
        self,
        function: impl Fn(Record) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Self {
        self.change(|t| t.function = Some(Arc::new(function)))
    }

    /// The tool as DSPy 3.4.1 has it, faults included, for comparing with it: one that takes further arguments names
    /// `kwargs` as one that is required, and an argument whose schema has no `type` at its top is not checked.
    #[must_use]
    pub fn compat(self) -> Self {
        self.change(|t| {
            t.compat = true;
            if t.takes_others && !t.args.contains_key("kwargs") {
                t.args.insert("kwargs".into(), json!({}));
            }
        })
    }

    /// The tool's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What it does.
    pub fn description(&self) -> &str {
        &self.0.description
    }

    /// The JSON Schema of each argument.
    pub fn args(&self) -> &Map<String, Json> {
        &self.0.args
    }

    /// Whether it takes arguments that it does not name.
    pub fn takes_other_args(&self) -> bool {
        self.0.takes_others
    }

    /// The tool as a request carries it.
    pub fn spec(&self) -> ToolSpec {
        let required: Vec<&String> = self.required().collect();
        let mut parameters = json!({"type": "object", "properties": self.0.args, "required": required});
        if let Some(definitions) = &self.0.definitions {
            parameters["$defs"] = definitions.clone();
        }
        ToolSpec { name: self.0.name.clone(), description: self.0.description.clone(), parameters }
    }

    /// The arguments without a default.
    fn required(&self) -> impl Iterator<Item = &String> {
        self.0.args.iter().filter(|(_, schema)| schema.get("default").is_none()).map(|(name, _)| name)
    }

    /// Checks arguments: each is one of the tool's and keeps to its schema, and none is missing.
    ///
    /// What schemas of Rust types, of pydantic and of most tools say is checked here. A word beyond that, such as `not`
    /// or `if`, needs the feature `jsonschema`; without it the error says so, and nothing passes unchecked.
    ///
    /// ```
    /// use dspex_core::{Record, value::{Tool, ToolError}};
    /// use serde_json::json;
    /// let tool = Tool::new("move", "Moves.").with_arg("by", json!({"type": "integer", "minimum": 1}));
    /// assert_eq!(tool.check(&Record::new().with("by", 2)), Ok(()));
    /// let e = tool.check(&Record::new().with("by", 0)).unwrap_err();
    /// assert_eq!(e.to_string(), "move: the argument `by` is invalid: 0 breaks `\"minimum\": 1`");
    /// ```
    pub fn check(&self, args: &Record) -> Result<(), ToolError> {
        let tool = || self.0.name.clone();
        for (name, value) in args.iter() {
            let Some(schema) = self.0.args.get(name) else {
                if self.0.takes_others {
                    continue;
                }
                let known: Vec<&str> = self.0.args.keys().map(String::as_str).collect();
                let known = (!known.is_empty()).then(|| known.join(", "));
                return Err(ToolError::UnknownArgument { tool: tool(), argument: name.into(), known });
            };
            if self.0.compat && schema.get("type").is_none() {
                continue;
            }
            match fault(value, schema, self.0.definitions.as_ref()) {
                None => {}
                Some(Fault::Invalid(message)) => {
                    return Err(ToolError::InvalidArgument { tool: tool(), argument: name.into(), message });
                }
                Some(Fault::Unchecked(keyword)) => {
                    return Err(ToolError::UncheckedArgument {
                        tool: tool(),
                        argument: name.into(),
                        keyword,
                    });
                }
            }
        }
        // `kwargs` of DSPy's fault is no argument of the function.
        let needed = |name: &&String| !(self.0.compat && *name == "kwargs");
        let missing = self.required().filter(needed).find(|name| !args.contains_key(name));
        missing
            .map_or(Ok(()), |name| Err(ToolError::MissingArgument { tool: tool(), argument: name.clone() }))
    }

    /// Checks the arguments and runs the function.
    pub fn call(&self, args: Record) -> Result<Value, ToolError> {
        self.check(&args)?;
        let tool = || self.0.name.clone();
        let function = self.0.function.as_ref().ok_or_else(|| ToolError::NoFunction { tool: tool() })?;
        function(args).map_err(|message| ToolError::Failed { tool: tool(), message })
    }

    /// The tool that a value means: a tool, or a mapping with `name`, `desc` and `args` as DSPy has them, which then has
    /// no function.
    ///
    /// ```
    /// use dspex_core::{Value, value::Tool};
    /// let value = Value::from_json(r#"{"name": "clock", "desc": "Tells the time.", "args": {}}"#)?;
    /// assert_eq!(Tool::from_value(&value), Some(Tool::new("clock", "Tells the time.")));
    /// # Ok::<(), dspex_core::value::json::JsonError>(())
    /// ```
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Tool(tool) => Some(tool.clone()),
            Value::Dict(d) => {
                let json: Json = serde_json::from_str(&Value::Dict(d.clone()).to_json_text().ok()?).ok()?;
                Self::from_json(&json)
            }
            _ => None,
        }
    }

    /// A tool from the JSON that [`to_json`](Self::to_json) gives.
    pub(super) fn from_json(json: &Json) -> Option<Self> {
        let description = json.get("desc").and_then(Json::as_str).unwrap_or_default();
        let tool = Self::new(json.get("name")?.as_str()?, description);
        let args = json.get("args")?.as_object()?.clone();
        let takes_others = json.get("has_kwargs").and_then(Json::as_bool).unwrap_or(false);
        Some(tool.change(|t| (t.args, t.takes_others) = (args, takes_others)))
    }

    /// What the tool is without its function, under DSPy's names.
    pub(super) fn to_json(&self) -> Map<String, Json> {
        let mut map = Map::new();
        map.insert("name".into(), json!(self.0.name));
        map.insert("desc".into(), json!(self.0.description));
        map.insert("args".into(), Json::Object(self.0.args.clone()));
        map.insert("has_kwargs".into(), json!(self.0.takes_others));
        map
    }

    /// The schemas of the arguments as Python spells a mapping.
    pub(super) fn args_repr(&self) -> String {
        let args = Value::from_plain(&Json::Object(self.0.args.clone()));
        args.to_repr().unwrap_or_default()
    }
}

/// The tool in words, as prompts show it: name, description, and the schemas of its arguments as Python spells them.
///
/// ```
/// use dspex_core::value::Tool;
/// let tool = Tool::new("clock", "Tells the time.").with_arg("zone", serde_json::json!({"default": null}));
/// assert_eq!(
///     tool.to_string(),
///     "clock, whose description is <desc>Tells the time.</desc>. It takes arguments {'zone': {'default': None}}."
/// );
/// ```
impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)?;
        match self.0.description.as_str() {
            "" => f.write_str(".")?,
            text => write!(f, ", whose description is <desc>{}</desc>.", text.replace('\n', "  "))?,
        }
        write!(f, " It takes arguments {}.", self.args_repr())
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool")
            .field("name", &self.0.name)
            .field("description", &self.0.description)
            .field("args", &self.0.args)
            .field("takes_other_args", &self.0.takes_others)
            .field("function", &self.0.function.is_some())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Tool {
    fn eq(&self, other: &Self) -> bool {
        let told = |t: &Self| (t.0.name.clone(), t.0.description.clone(), t.0.takes_others);
        told(self) == told(other) && self.0.args == other.0.args
    }
}

impl Eq for Tool {}

impl Hash for Tool {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl From<Tool> for Value {
    fn from(tool: Tool) -> Self {
        Self::Tool(tool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dspy_does_not_check_is_checked_unless_dspy_is_asked_for() {
        let optional = json!({"anyOf": [{"type": "integer"}, {"type": "null"}]});
        let tool = Tool::new("f", "").with_arg("n", optional).with_other_args();
        let text = Record::new().with("n", "2").with("more", true);
        let e = tool.check(&text).unwrap_err();
        assert!(matches!(&e, ToolError::InvalidArgument { argument, .. } if argument == "n"), "{e}");
        assert_eq!(tool.clone().compat().check(&text), Ok(()));
        assert_eq!(tool.spec().parameters["required"], json!(["n"]));
        assert_eq!(tool.compat().spec().parameters["required"], json!(["n", "kwargs"]));
    }

    #[test]
    fn arguments_of_another_protocol_lose_their_references() {
        let schema = json!({
            "$defs": {"P": {"type": "object", "properties": {"next": {"$ref": "#/$defs/P"}}}},
            "properties": {"p": {"$ref": "#/$defs/P", "description": "d"}, "n": {"type": "integer"}},
            "required": ["p"],
        });
        let tool = Tool::new("f", "").with_parameters(&schema);
        assert_eq!(tool.args()["p"]["description"], "d");
        assert_eq!(tool.args()["p"]["properties"]["next"]["$ref"], "#/$defs/P");
        assert_eq!(tool.spec().parameters["required"], json!(["p"]));
        let e = tool.check(&Record::new().with("n", 1)).unwrap_err();
        assert_eq!(e.to_string(), "f: expected the argument `p`, found none");
        let nested = |inner: Value| Record::new().with("p", Record::new().with("next", inner));
        assert_eq!(tool.check(&nested(Record::new().into())), Ok(()));
        assert!(tool.check(&nested(1.into())).is_err());
    }
}
