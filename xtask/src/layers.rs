//! Which crate may depend on which: the table of ARCHITECTURE.md, held by a machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use crate::{Outcome, say};

/// Each crate and the crates of ours that it may use, in its code and, after the bar, also in its tests.
const EDGES: &[(&str, &[&str], &[&str])] = &[
    ("dspex-macros", &[], &["dspex-core"]),
    ("dspex-macros-fixture-renamed", &["dspex-core"], &[]),
    ("dspex-core", &["dspex-macros"], &[]),
    ("dspex-adapters", &["dspex-core"], &[]),
    ("dspex-testkit", &["dspex-core"], &[]),
    ("dspex-resilience", &[], &[]),
    ("dspex-validate", &["dspex-core", "dspex-adapters"], &[]),
    ("dspex-lm", &["dspex-core", "dspex-resilience"], &["dspex-adapters", "dspex-testkit"]),
    ("dspex-modules", &["dspex-core", "dspex-adapters"], &["dspex-testkit"]),
    ("dspex-evaluate", &["dspex-core"], &["dspex-modules", "dspex-testkit"]),
    (
        "dspex",
        &[
            "dspex-core",
            "dspex-adapters",
            "dspex-lm",
            "dspex-modules",
            "dspex-evaluate",
            "dspex-resilience",
            "dspex-validate",
        ],
        &["dspex-testkit"],
    ),
    (
        "dspex-cli",
        &[
            "dspex-core",
            "dspex-adapters",
            "dspex-lm",
            "dspex-modules",
            "dspex-evaluate",
            "dspex-resilience",
            "dspex-testkit",
        ],
        &[],
    ),
    (
        "dspex-conformance",
        &["dspex-core", "dspex-adapters", "dspex-lm", "dspex-modules", "dspex-evaluate", "dspex-testkit"],
        &[],
    ),
    ("dspex-bench", &["dspex", "dspex-adapters", "dspex-lm", "dspex-testkit"], &[]),
    ("dspex-examples", &["dspex", "dspex-testkit"], &[]),
    ("xtask", &[], &[]),
];

/// What the core must not reach, by any way: runtimes, networks, databases.
const CORE_MUST_NOT_REACH: &[&str] =
    &["tokio", "reqwest", "hyper", "axum", "sqlx", "rusqlite", "async-std", "smol"];

pub(crate) fn check(root: &Path) -> Outcome {
    let metadata = metadata(root)?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let members: Vec<&str> = strings(&metadata["workspace_members"]);
    let ours = packages.iter().filter(|p| p["id"].as_str().is_some_and(|id| members.contains(&id)));
    let names: Vec<&str> = ours.clone().filter_map(|p| p["name"].as_str()).collect();
    let mut wrong = Vec::new();
    for package in ours {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, code, tests)) = EDGES.iter().find(|(n, ..)| *n == name) else {
            wrong.push(format!("{name} is not in the table of layers (xtask/src/layers.rs)"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"].as_str() == Some("dev");
            // By using itself a crate says with which of its features it is tested.
            let allowed = code.contains(&to) || (for_tests && (tests.contains(&to) || to == name));
            if names.contains(&to) && !allowed {
                wrong.push(format!(
                    "{name} must not use {to}{}",
                    if for_tests { ", not even in tests" } else { "" }
                ));
            }
        }
    }
    wrong.extend(programs_with_one_name(packages.iter().filter(|p| names.iter().any(|n| p["name"] == *n))));
    wrong.extend(core_reaches(&metadata, packages));
    if wrong.is_empty() {
        say(&format!("layers: {} crates keep to the table", names.len()));
        return Ok(());
    }
    Err(format!("layers:\n  {}", wrong.join("\n  ")))
}

fn metadata(root: &Path) -> Result<Json, String> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .map_err(|e| format!("cargo metadata cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata printed no JSON: {e}"))
}

/// Programs of two crates that have the same name: both are built to one file, and the last one wins.
fn programs_with_one_name<'a>(packages: impl Iterator<Item = &'a Json>) -> Vec<String> {
    let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        for target in package["targets"].as_array().into_iter().flatten() {
            if strings(&target["kind"]).contains(&"bin") {
                let (name, owner) = (target["name"].as_str(), package["name"].as_str());
                owners.entry(name.unwrap_or_default()).or_default().push(owner.unwrap_or_default());
            }
        }
    }
    let shared = owners.into_iter().filter(|(_, owners)| owners.len() > 1);
    shared.map(|(name, owners)| format!("the program {name} is built by {}", owners.join(" and "))).collect()
}

/// Forbidden crates that the core reaches through others.
fn core_reaches(metadata: &Json, packages: &[Json]) -> Vec<String> {
    let name_of = |id: &str| {
        packages
            .iter()
            .find(|p| p["id"] == id)
            .and_then(|p| p["name"].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let nodes = metadata["resolve"]["nodes"].as_array().cloned().unwrap_or_default();
    let core = packages.iter().find(|p| p["name"] == "dspex-core").and_then(|p| p["id"].as_str());
    let mut open: Vec<String> = core.into_iter().map(str::to_owned).collect();
    let mut seen: Vec<String> = Vec::new();
    while let Some(id) = open.pop() {
        if seen.contains(&id) {
            continue;
        }
        if let Some(node) = nodes.iter().find(|n| n["id"] == id.as_str()) {
            for dep in node["deps"].as_array().into_iter().flatten() {
                let in_code = dep["dep_kinds"]
                    .as_array()
                    .is_some_and(|kinds| kinds.iter().any(|k| k["kind"].is_null()));
                if in_code {
                    open.extend(dep["pkg"].as_str().map(str::to_owned));
                }
            }
        }
        seen.push(id);
    }
    seen.iter()
        .map(|id| name_of(id))
        .filter(|name| CORE_MUST_NOT_REACH.contains(&name.as_str()))
        .map(|name| format!("dspex-core must not reach {name}"))
        .collect()
}

fn strings(json: &Json) -> Vec<&str> {
    json.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}
