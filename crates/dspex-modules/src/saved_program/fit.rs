//! Whether a file fits a program: every predictor and field that does not, all at once.

use dspex_core::{Field, Leaf, Path, Program, Signature, infer_prefix, visit};

use super::facts::{FieldFacts, PredictorFacts};
use super::{SavedPredictor, SavedProgram};

impl SavedProgram {
    /// What of this does not fit a program, each with the path of the predictor; nothing where it fits.
    ///
    /// ```
    /// use dspex_modules::{Predict, SavedProgram};
    /// let saved = SavedProgram::of(&Predict::parse("question -> answer: int")?)?;
    /// assert!(saved.problems(&Predict::parse("question -> answer: int")?).is_empty());
    /// assert_eq!(
    ///     saved.problems(&Predict::parse("question -> answer: float")?),
    ///     ["`self`: expected the field `answer` of type float, found one of type int"]
    /// );
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn problems<P: Program + ?Sized>(&self, program: &P) -> Vec<String> {
        let mut problems = Vec::new();
        let mut paths: Vec<Path> = Vec::new();
        visit(program, |path, leaf| {
            paths.push(path.clone());
            let mut say = |problem: String| problems.push(format!("`{path}`: {problem}"));
            match self.predictors.get(path) {
                None => say(format!(
                    "expected its state, found none; the file has {}",
                    list(self.predictors.keys())
                )),
                Some(_) if self.compat => {}
                Some(saved) => self.check_leaf(path, leaf, saved, &mut say),
            }
        });
        if !self.compat {
            let more = self.predictors.keys().filter(|path| !paths.contains(path));
            problems.extend(
                more.map(|path| format!("`{path}`: expected one of {}, found this path", list(&paths))),
            );
            // Facts of a predictor that is not there are of another program as well.
            let known = self.facts.iter().flat_map(|f| f.predictors.keys());
            let lost = known.filter(|name| !self.predictors.contains_key(&Path::from(name.as_str())));
            problems.extend(
                lost.map(|name| format!("`{name}`: expected its state beside its facts, found none")),
            );
        }
        problems
    }

    fn check_leaf(&self, path: &Path, leaf: &dyn Leaf, saved: &SavedPredictor, say: &mut dyn FnMut(String)) {
        for key in saved.unknown_keys() {
            say(format!("expected only keys that DSPy 3.4.1 writes, found `{key}`"));
        }
        let facts = self.facts.as_ref().map(|f| f.predictors.get(&path.to_string()));
        match facts {
            Some(Some(facts)) => check_names(leaf.signature(), facts, saved, say),
            Some(None) => say("expected its fields under `dspex`, found none".into()),
            None => check_hints(leaf.signature(), saved, say),
        }
    }
}

fn list<'a>(names: impl IntoIterator<Item = &'a Path>) -> String {
    let names: Vec<_> = names.into_iter().map(|p| format!("`{p}`")).collect();
    if names.is_empty() { "no predictors".into() } else { names.join(", ") }
}

/// Compares by names and types, which `dspex` says.
fn check_names(
    signature: &Signature,
    facts: &PredictorFacts,
    saved: &SavedPredictor,
    say: &mut dyn FnMut(String),
) {
    let count = facts.fields().count();
    if count != saved.signature.fields.len() {
        say(format!("expected {count} fields, as `dspex` names, found {}", saved.signature.fields.len()));
    }
    for (side, ours, theirs) in
        [("input", signature.inputs(), &facts.inputs), ("output", signature.outputs(), &facts.outputs)]
    {
        let before = |i: usize| ours.get(i).map(|f| f.name.as_str());
        for field in ours {
            match theirs.iter().find(|f| f.name == field.name) {
                None => say(format!("expected the {side} `{}`, found none", field.name)),
                Some(found) if !FieldFacts::of(field).same_type(found) => say(type_problem(field, found)),
                Some(_) => {}
            }
        }
        for (i, found) in theirs.iter().enumerate() {
            if !ours.iter().any(|f| f.name == found.name) {
                say(format!("expected no {side} `{}`, found one", found.name));
            } else if ours.len() == theirs.len() && before(i) != Some(&found.name) {
                say(format!(
                    "expected `{}` as {side} {}, found `{}`",
                    before(i).unwrap_or_default(),
                    i + 1,
                    found.name
                ));
            }
        }
    }
}

fn type_problem(field: &Field, found: &FieldFacts) -> String {
    let (name, ty) = (&field.name, field.ty.name());
    if ty == found.ty {
        return format!(
            "expected the field `{name}` of type {ty} as it is in the program, found another {ty}"
        );
    }
    format!("expected the field `{name}` of type {ty}, found one of type {}", found.ty)
}

/// DSPy's file names no fields. It counts them, and what nobody changed of a field still tells its name: the
/// description `${name}`, and the label made of the name. Only the label of the last output may be another one, since
/// DSPy's optimizers write such; there, the demonstrations tell whether it is the label of another field.
fn check_hints(signature: &Signature, saved: &SavedPredictor, say: &mut dyn FnMut(String)) {
    let fields: Vec<&Field> = signature.fields().collect();
    let states = &saved.signature.fields;
    let told = |description: &str| -> Option<String> {
        let name = description.strip_prefix("${")?.strip_suffix('}')?;
        Some(name.to_owned())
    };
    let label = |name: &str| format!("{}:", infer_prefix(name));
    let is = |i: usize, field: &Field| match told(&states[i].description) {
        Some(name) => name == field.name,
        None => states[i].prefix == field.prefix || states[i].prefix == label(&field.name),
    };
    let shown = |i: usize| told(&states[i].description).unwrap_or_else(|| states[i].prefix.clone());
    if fields.len() == states.len() {
        let of_demos = |i: usize| {
            let mut names = saved.demos.iter().flat_map(|demo| demo.record().keys());
            names.any(|name| signature.field(name).is_none() && label(name) == states[i].prefix)
        };
        let tuned =
            |i: usize| i + 1 == fields.len() && told(&states[i].description).is_none() && !of_demos(i);
        for (i, field) in fields.iter().enumerate().filter(|(i, field)| !is(*i, field)) {
            if !tuned(i) || fields.iter().any(|other| is(i, other)) {
                say(format!("expected the field `{}`, found `{}`", field.name, shown(i)));
            }
        }
    } else {
        say(format!("expected the {} fields of `{signature}`, found {}", fields.len(), states.len()));
        for field in fields.iter().filter(|field| !(0..states.len()).any(|i| is(i, field))) {
            say(format!("expected the field `{}`, found none", field.name));
        }
        for i in (0..states.len()).filter(|i| !fields.iter().any(|field| is(*i, field))) {
            say(format!("expected no field `{}`, found one", shown(i)));
        }
    }
}
