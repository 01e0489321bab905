//! Enumerations, models and typed dictionaries, to which types refer.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value as Json, json};

use super::types::plain_type;

/// Names of the fields of structs.
const NAMES: &[&str] = &["name", "age", "kind", "id", "x", "city_name", "items", "sizeInCm", "note", "value"];

/// Named types, as the tables of a corpus.
///
/// ```
/// use dspex_conformance::draw::World;
/// use proptest::test_runner::TestRunner;
/// let world = World::draw(&mut TestRunner::deterministic());
/// assert!(world.tables()["models"]["M0"]["fields"].is_array());
/// ```
#[derive(Clone, Debug)]
pub struct World(Map<String, Json>);

impl World {
    /// Three enumerations, two typed dictionaries and five models, which may hold one another.
    pub fn draw(runner: &mut TestRunner) -> Self {
        let mut world = Self(Map::new());
        for table in ["enums", "typeddicts", "models"] {
            world.0.insert(table.into(), json!({}));
        }
        for i in 0..3 {
            world.add("enums", format!("E{i}"), draw(&enumeration(), runner));
        }
        for i in 0..2 {
            let dict = draw(&typed_dict(&world), runner);
            world.add("typeddicts", format!("T{i}"), dict);
        }
        for i in 0..5 {
            let name = format!("M{i}");
            let model = draw(&model(&world, &name), runner);
            world.add("models", name, model);
        }
        world
    }

    /// The tables: `enums`, `models`, `typeddicts`.
    pub fn tables(&self) -> &Map<String, Json> {
        &self.0
    }

    fn add(&mut self, table: &str, name: String, entry: Json) {
        if let Some(Json::Object(table)) = self.0.get_mut(table) {
            table.insert(name, entry);
        }
    }

    pub(super) fn names(&self, table: &str) -> Vec<String> {
        let table = self.0.get(table).and_then(Json::as_object);
        table.into_iter().flat_map(Map::keys).cloned().collect()
    }
}

/// A value of a strategy. None of ours can fail to give one.
pub(crate) fn draw<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> S::Value {
    strategy.new_tree(runner).expect("a strategy without filters").current()
}

fn enumeration() -> impl Strategy<Value = Json> {
    let texts = subsequence(
        vec![("RED", "red"), ("GREEN", "green"), ("DARK_BLUE", "dark blue"), ("X", "Y"), ("Y", "x")],
        1..=4,
    )
    .prop_map(|members| json!(members));
    let numbers =
        subsequence(vec![("LOW", 1), ("MID", 2), ("HIGH", 10)], 1..=3).prop_map(|members| json!(members));
    prop_oneof![
        (texts, select(vec![Json::Null, json!("str")])),
        (numbers, select(vec![Json::Null, json!("int")])),
    ]
    .prop_map(|(members, mixin)| json!({"members": members, "mixin": mixin, "doc": null}))
}

fn typed_dict(world: &World) -> impl Strategy<Value = Json> + use<> {
    fields(world, 3).prop_map(|fields| {
        let names: Vec<Json> = fields.iter().map(|f| f["name"].clone()).collect();
        let fields: Vec<Json> = fields
            .into_iter()
            .map(|f| json!({"name": f["name"], "type": f["type"], "required": true}))
            .collect();
        json!({"fields": fields, "json_schema": {"required": names}})
    })
}

fn model(world: &World, name: &str) -> impl Strategy<Value = Json> + use<> {
    let kids = json!({"name": "kids", "alias": null, "constraints": {}, "required": false, "default": [],
                      "type": {"kind": "list", "item": {"kind": "model", "ref": name}}});
    let config = prop_oneof![
        4 => Just(json!({})),
        1 => Just(json!({"extra": "forbid"})),
        1 => Just(json!({"populate_by_name": true})),
    ];
    (fields(world, 4), config, prop::bool::weighted(0.2)).prop_map(move |(mut fields, config, recursive)| {
        if recursive {
            fields.push(kids.clone());
        }
        json!({"doc": null, "config": config, "fields": fields})
    })
}

/// Fields with different names; some have an alias, some a default.
fn fields(world: &World, most: usize) -> impl Strategy<Value = Vec<Json>> + use<> {
    let facts = vec((plain_type(world), prop::bool::weighted(0.15), prop::bool::weighted(0.3)), most);
    (subsequence(NAMES, 1..=most), facts).prop_map(|(names, facts)| {
        let field = |(name, (ty, aliased, optional)): (&str, (Json, bool, bool))| {
            let mut field =
                json!({"name": name, "alias": null, "constraints": {}, "required": true, "type": ty});
            if aliased {
                field["alias"] = format!("{name}Alias").into();
            }
            if let Some(default) = default_of(&field["type"]).filter(|_| optional) {
                field["required"] = false.into();
                field["default"] = default;
            }
            field
        };
        names.into_iter().zip(facts).map(field).collect()
    })
}

/// A default that is spelled alike in JSON, Python and the corpus, where the type has one.
pub(crate) fn default_of(ty: &Json) -> Option<Json> {
    Some(match ty["kind"].as_str()? {
        "str" => json!("none given"),
        "int" => json!(3),
        "float" => json!(0.5),
        "bool" => json!(false),
        "list" => json!([]),
        "union" if ty["options"].as_array()?.iter().any(|o| o["kind"] == "none") => Json::Null,
        _ => return None,
    })
}
