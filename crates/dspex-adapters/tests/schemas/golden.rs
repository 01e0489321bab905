//! One file for each dialect: every type with the schema that is sent for it, or why there is none.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use dspex_core::schema::SCHEMA_DIALECTS;
use serde_json::Value as Json;

use crate::{cases, rules};

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "who runs the tests says that the files are to be written anew"
)]
fn each_dialect_has_its_schema_for_every_type() {
    for dialect in SCHEMA_DIALECTS {
        let mut page =
            format!("# What is sent in the dialect `{}` for an output `value` of each type.\n", dialect.name);
        let mut said = 0;
        for (name, ty) in cases::all() {
            write!(page, "\n## {name}\n\n").unwrap();
            match cases::sent(&ty, *dialect) {
                Ok(schema) => {
                    said += 1;
                    let faults = rules::faults(dialect.name, &schema);
                    assert!(faults.is_empty(), "{}: {name}: {faults:?}\n{schema:#}", dialect.name);
                    let meta = jsonschema::meta::validate(&schema).map_err(|e| e.to_string());
                    assert_eq!(meta, Ok(()), "{}: {name}\n{schema:#}", dialect.name);
                    jsonschema::draft202012::new(&schema).unwrap();
                    page.push_str(&compact(&schema));
                }
                Err(e) => {
                    writeln!(page, "refused: {e}; {}", e.help).unwrap();
                }
            }
        }
        assert!(said > 40, "{}: {said}", dialect.name);
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/schemas/golden/{}.md", dialect.name));
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &page).unwrap();
        }
        let held = fs::read_to_string(&path).unwrap_or_default();
        let differs = held.lines().zip(page.lines()).find(|(a, b)| a != b);
        assert!(
            held == page,
            "{}: UPDATE_GOLDEN=1 writes it anew; the first difference: {differs:?}",
            path.display()
        );
    }
}

/// What stands in the object of outputs and in the definitions, a line each.
fn compact(schema: &Json) -> String {
    let mut out = format!("value: {}\n", schema["properties"]["value"]);
    for (key, inner) in schema.as_object().unwrap() {
        match key.as_str() {
            "$defs" => {
                for (name, def) in inner.as_object().unwrap() {
                    writeln!(out, "{name}: {def}").unwrap();
                }
            }
            "properties" => {}
            _ => writeln!(out, "the object's `{key}`: {inner}").unwrap(),
        }
    }
    out
}
