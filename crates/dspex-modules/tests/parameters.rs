//! Paths, states and walks over programs, as users meet them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use dspex_core::{
    Context, DynModule, Error, Example, LeafState, Module, Overrides, Parameters, Path, Prediction, Program,
    ProgramState, Record, Result, Walk, WalkMut, visit, visit_mut,
};
use dspex_modules::{ChainOfThought, Predict};
use dspex_testkit::{ScriptedLm, block_on};

fn predict() -> Predict {
    Predict::parse("q -> a").unwrap()
}

/// The shape of the corpus' saved program: `gen`, a list, a table.
#[derive(Clone)]
struct TwoHop {
    generate: ChainOfThought,
    ans: Vec<Predict>,
    table: BTreeMap<String, Predict>,
}

impl TwoHop {
    fn new() -> Self {
        Self {
            generate: ChainOfThought::parse("question -> query").unwrap(),
            ans: vec![predict(), predict()],
            table: [("k".to_owned(), predict())].into(),
        }
    }
}

impl Parameters for TwoHop {
    fn visit(&self, walk: &mut Walk<'_>) {
        walk.field("gen", |walk| self.generate.visit(walk));
        walk.field("ans", |walk| self.ans.visit(walk));
        walk.field("table", |walk| self.table.visit(walk));
    }

    fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
        walk.field("gen", |walk| self.generate.visit_mut(walk));
        walk.field("ans", |walk| self.ans.visit_mut(walk));
        walk.field("table", |walk| self.table.visit_mut(walk));
    }
}

impl Module for TwoHop {
    type Input = Record;
    type Output = Record;

    async fn forward(&self, ctx: &Context, input: Record) -> Result<Prediction<Record>> {
        self.ans[0].call(ctx, input.clone()).await?;
        self.ans[1].call(ctx, input.clone()).await?;
        self.ans[0].call(ctx, input.clone()).await?;
        self.table["k"].call(ctx, input).await
    }
}

fn paths(program: &impl Program) -> Vec<String> {
    program.paths().iter().map(ToString::to_string).collect()
}

fn instructions(program: &impl Program) -> Vec<(String, String)> {
    let mut all = Vec::new();
    visit(program, |path, leaf| all.push((path.to_string(), leaf.signature().instructions().to_owned())));
    all
}

fn say(text: &str) -> LeafState {
    let mut state = predict().state().iter().next().unwrap().1.clone();
    state.signature.as_mut().unwrap().instructions = text.into();
    state
}

fn question() -> Record {
    Record::new().with("q", "Q")
}

#[test]
fn paths_read_as_dspys() {
    assert_eq!(paths(&TwoHop::new()), ["gen.predict", "ans[0]", "ans[1]", "table['k']"]);
    assert_eq!(paths(&predict()), ["self"]);
    assert_eq!(paths(&vec![predict(), predict(), predict()]), ["[0]", "[1]", "[2]"]);
    assert_eq!(paths(&Some(predict())), ["self"]);
}

#[test]
fn traces_tell_two_uses_of_one_leaf_from_uses_of_two() {
    let (ctx, trace) = Context::new(ScriptedLm::always("[[ ## a ## ]]\nA")).traced();
    let out = block_on(TwoHop::new().stamped().call(&ctx, question())).unwrap();
    let steps: Vec<String> = trace.steps().iter().map(|s| s.path.to_string()).collect();
    assert_eq!(steps, ["ans[0]", "ans[1]", "ans[0]", "table['k']"]);
    let attempts: Vec<String> = out.attempts().iter().map(|a| a.path.to_string()).collect();
    assert_eq!(attempts, steps);
}

#[test]
fn three_clones_in_a_list_are_three_parameters() {
    let clones = vec![predict().stamped(); 3];
    let state = ProgramState::new().with("[1]", say("only the second"));
    let changed = clones.with_state(&state).unwrap();
    let said: Vec<bool> = instructions(&changed).iter().map(|(_, i)| i == "only the second").collect();
    assert_eq!(said, [false, true, false]);
}

#[test]
fn an_alias_stays_one_parameter_under_its_first_path() {
    #[derive(Clone)]
    struct Two {
        a: Arc<Predict>,
        b: Arc<Predict>,
    }
    impl Parameters for Two {
        fn visit(&self, walk: &mut Walk<'_>) {
            walk.field("a", |walk| self.a.visit(walk));
            walk.field("b", |walk| self.b.visit(walk));
        }
        fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
            walk.field("a", |walk| self.a.visit_mut(walk));
            walk.field("b", |walk| self.b.visit_mut(walk));
        }
    }
    let shared = Arc::new(predict());
    let two = Two { a: Arc::clone(&shared), b: shared };
    assert_eq!(paths(&two), ["a"]);
    let changed = two.with_state(&ProgramState::new().with("a", say("both"))).unwrap();
    assert!(Arc::ptr_eq(&changed.a, &changed.b));
    assert_eq!(changed.b.signature().instructions(), "both");
    // The program that it came from is as it was.
    assert!(Arc::ptr_eq(&two.a, &two.b));
    assert_ne!(two.a.signature().instructions(), "both");
}

#[test]
fn an_aliased_boxed_module_stays_one_parameter() {
    let shared: Arc<dyn DynModule> = Arc::new(predict());
    let mut list = vec![Arc::clone(&shared), shared];
    let mut met = Vec::new();
    visit_mut(&mut list, |path, _| met.push(path.to_string()));
    assert_eq!(met, ["[0]"]);
    assert!(Arc::ptr_eq(&list[0], &list[1]));
}

#[test]
fn a_state_gives_a_new_program_and_leaves_the_old_one() {
    let program = TwoHop::new();
    let changed = program.with_state(&ProgramState::new().with("table['k']", say("new"))).unwrap();
    assert_eq!(instructions(&changed)[3], ("table['k']".into(), "new".into()));
    assert_ne!(instructions(&program)[3].1, "new");
    assert_eq!(changed.with_state(&changed.state()).unwrap().state(), changed.state());
}

#[test]
fn a_state_that_does_not_fit_names_every_fault() {
    let mut other = say("x");
    other.signature.as_mut().unwrap().fields.pop();
    let state = ProgramState::new().with("ans[7]", say("x")).with("ans[0]", other);
    let e = TwoHop::new().with_state(&state).err().unwrap();
    assert_eq!(e.code(), "state");
    let text = e.to_string();
    assert!(text.contains("`ans[0]`: expected the state of 2 fields"), "{text}");
    assert!(text.contains("found `ans[7]`") && text.contains("`table['k']`"), "{text}");
}

#[test]
fn a_boxed_module_is_a_module_with_the_same_paths() {
    let boxed: Box<dyn DynModule> = Box::new(TwoHop::new());
    assert_eq!(paths(&boxed), paths(&TwoHop::new()));
    let changed = boxed.with_state(&ProgramState::new().with("ans[0]", say("new"))).unwrap();
    assert_eq!(instructions(&changed)[1].1, "new");
    assert_ne!(instructions(&boxed)[1].1, "new");
    let ctx = Context::new(ScriptedLm::always("[[ ## a ## ]]\nA"));
    let out = block_on(changed.call(&ctx, question())).unwrap();
    assert_eq!(out.get("a").unwrap().as_str(), Some("A"));
}

#[test]
fn a_path_override_reaches_one_predictor() {
    let special = ScriptedLm::always("[[ ## a ## ]]\nspecial").with_id("special");
    let ctx = Context::new(ScriptedLm::always("[[ ## a ## ]]\nusual"))
        .with("ans[1]", Overrides::new().lm(special.clone()));
    let (ctx, trace) = ctx.traced();
    block_on(TwoHop::new().stamped().call(&ctx, question())).unwrap();
    let answers: Vec<_> = trace
        .steps()
        .iter()
        .map(|s| s.outputs.as_ref().unwrap().get("a").unwrap().as_str().unwrap().to_owned())
        .collect();
    assert_eq!(answers, ["usual", "special", "usual", "usual"]);
    assert_eq!(special.calls(), 1);
}

#[test]
fn a_path_override_on_a_program_without_paths_is_an_error_that_says_what_to_do() {
    let lm = ScriptedLm::always("[[ ## a ## ]]\nA");
    let ctx = Context::new(lm.clone()).with("ans[1]", Overrides::new());
    let e = block_on(TwoHop::new().call(&ctx, question())).unwrap_err();
    assert_eq!((e.code(), e.hint()), ("configuration", Some("call `.stamped()` on the program first")));
    assert_eq!(lm.calls(), 0);
}

#[test]
fn a_model_of_its_own_is_set_on_every_leaf() {
    let own = ScriptedLm::always("[[ ## a ## ]]\nown");
    let ctx = Context::new(ScriptedLm::always("[[ ## a ## ]]\nusual"));
    let out = block_on(TwoHop::new().with_lm(own.clone()).call(&ctx, question())).unwrap();
    assert_eq!(out.get("a").unwrap().as_str(), Some("own"));
    assert_eq!(own.calls(), 4);
}

/// A hundred candidates of one base run at once in spawned tasks; each sees its own instructions only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_candidates_run_at_once_with_traces_of_their_own() {
    let base = Arc::new(TwoHop::new().stamped());
    let lm = ScriptedLm::from_fn(|request| {
        let system = request.messages[0].text();
        let name = system.lines().find(|l| l.starts_with("candidate ")).unwrap_or("none").to_owned();
        Ok(dspex_core::lm::Reply::text(format!("[[ ## a ## ]]\n{name}")))
    })
    .with_latency(std::time::Duration::from_millis(1));
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..100 {
        let (ctx, trace) = Context::new(lm.clone()).traced();
        let base = Arc::clone(&base);
        tasks.spawn(async move {
            let text = format!("candidate {i}");
            let mut state = ProgramState::new();
            for path in ["ans[0]", "ans[1]", "table['k']"] {
                state = state.with(path, say(&text));
            }
            let candidate = base.with_state(&state)?;
            let out = candidate.call(&ctx, question()).await?;
            let steps = trace.steps();
            let mine =
                steps.iter().all(|s| s.outputs.as_ref().unwrap().get("a").unwrap().as_str() == Some(&text));
            Ok::<_, Error>((steps.len(), mine, out.get("a").unwrap().as_str() == Some(&text)))
        });
    }
    let mut done = 0;
    while let Some(result) = tasks.join_next().await {
        assert_eq!(result.unwrap().unwrap(), (4, true, true));
        done += 1;
    }
    assert_eq!(done, 100);
}

#[test]
fn demos_are_part_of_the_state() {
    let demos = [Example::new([("q", "1"), ("a", "2")]).with_inputs(["q"])];
    let taught = predict().with_demos(demos.clone()).unwrap();
    let state = taught.state();
    assert_eq!(state.get(&Path::root()).unwrap().demos.as_deref(), Some(&demos[..]));
    let again = predict().with_state(&state).unwrap();
    assert_eq!(again.demos(), demos);
}
