//! Drawing a case from a seed and a number.

use std::fmt;
use std::sync::Arc;

use dspex_adapters::Wording;
use dspex_core::lm::{Choice, Role};
use dspex_core::{
    Adapter, Example, ParsePolicy, Parsed, Random, Record, RenderCall, Result, Signature, Value,
};
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value as Json, json};

use super::mutate::{self, Mutation};
use crate::Corpus;
use crate::draw::{self, World};

/// Names of outputs.
const NAMES: &[&str] = &[
    "answer",
    "score",
    "label",
    "items",
    "result",
    "notes",
    "data",
    "is_ok",
    "userName",
    "x",
    "reasoning",
    "code",
];

/// The name of the signature in the corpus of a case.
const SIGNATURE: &str = "judged";

/// The input of every signature.
const INPUT: &str = "question";

/// A table of adapters: names, and how they are made.
type Adapters = [(&'static str, fn(Arc<Wording>) -> Arc<dyn Adapter>)];

/// A signature, what its outputs were, and a reply.
pub struct Case {
    /// The number of the case under its seed.
    pub number: u64,
    /// The adapter that wrote the reply, by name.
    pub adapter: &'static str,
    /// The fields of the signature, in the words of the corpus.
    pub fields: Vec<Json>,
    /// The outputs from which the reply was written.
    pub truth: Record,
    /// What the model is said to have replied.
    pub reply: String,
    /// What was done to the reply, if something was.
    pub mutation: Option<&'static Mutation>,
    /// Whether the reply still says what it said, and that is what was written: not every form carries every value.
    pub keeps: bool,
    pub(super) corpus: Corpus,
    read_by: Arc<dyn Adapter>,
    signature: Signature,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("number", &self.number)
            .field("reply", &self.reply)
            .finish_non_exhaustive()
    }
}

/// The types of a batch.
pub(super) fn world(seed: u64, batch: u64) -> World {
    World::draw(&mut runner(seed, "world", batch))
}

/// A source of values for one thing under a seed.
fn runner(seed: u64, purpose: &str, number: u64) -> TestRunner {
    let mut random = Random::new(seed, &format!("judge {purpose} {number}"));
    let key: Vec<u8> = (0..4).flat_map(|_| random.next_u64().to_le_bytes()).collect();
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &key))
}

impl Case {
    /// The case of a number. What an adapter cannot write is drawn again.
    pub(super) fn draw(seed: u64, number: u64, world: &World, adapters: &Adapters) -> Self {
        let mut source = runner(seed, "case", number);
        let at = usize::try_from(number).unwrap_or_default() % adapters.len().max(1);
        let (name, make) = adapters[at];
        loop {
            if let Some(mut case) = Self::attempt(number, name, make(Arc::default()), world, &mut source) {
                let mut random = Random::new(seed, &format!("judge mutation {number}"));
                case.mutate(&mut random);
                return case;
            }
        }
    }

    fn attempt(
        number: u64,
        name: &'static str,
        adapter: Arc<dyn Adapter>,
        world: &World,
        source: &mut TestRunner,
    ) -> Option<Self> {
        let fields = draw::draw(&fields(world), source);
        let corpus = corpus(world, &fields);
        let signature = corpus.signature(&json!({"signature": SIGNATURE})).ok()?;
        let values: Vec<_> = signature.outputs().iter().map(|f| draw::value(&f.ty)).collect();
        let names = signature.outputs().iter().map(|f| f.name.clone());
        let truth: Record = names.zip(draw::draw(&values, source)).collect();
        // Two steps: the second one is another adapter's, with a signature of its own.
        let second = adapter.extraction(&signature, &Choice::text("any"), &ParsePolicy::default()).ok()?;
        let (adapter, signature) = second.map_or((adapter, signature), |s| (s.adapter, s.signature));
        let reply = written(&*adapter, &signature, &truth)?;
        let truth = truth.into_iter().map(|(k, v)| (k, corpus.plain(v))).collect();
        Some(Self {
            number,
            adapter: name,
            fields,
            truth,
            reply,
            mutation: None,
            keeps: true,
            corpus,
            read_by: adapter,
            signature,
        })
    }

    /// Changes the reply, in most cases.
    fn mutate(&mut self, random: &mut Random) {
        if random.unit() < mutate::UNTOUCHED {
            return;
        }
        let names: Vec<String> = self.signature.outputs().iter().map(|f| f.name.clone()).collect();
        if let Some((mutation, reply)) = mutate::mutate(self.read_by.name(), &names, &self.reply, random) {
            let carried = self.read(&ParsePolicy::default()).is_ok_and(|p| p.fields == self.truth);
            self.keeps = carried && mutation.keeps && !mutate::is_risky(&self.reply, &names);
            self.mutation = Some(mutation);
            self.reply = reply;
        }
    }

    /// The case as DSPy is asked.
    pub(super) fn question(&self) -> Json {
        json!({"fields": self.fields, "adapter": self.adapter, "reply": self.reply})
    }

    /// What is read from the reply under a policy.
    pub(super) fn read(&self, policy: &ParsePolicy) -> Result<Parsed> {
        let mut parsed = self.read_by.parse(&self.signature, &Choice::text(self.reply.as_str()), policy)?;
        parsed.fields = parsed.fields.into_iter().map(|(k, v)| (k, self.corpus.plain(v))).collect();
        Ok(parsed)
    }

    /// The names of the outputs' types, outermost first.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &str> {
        let outputs = self.fields.iter().filter(|f| f["direction"] == "output").map(|f| &f["type"]);
        outputs.filter_map(|t| t["name"].as_str().or_else(|| t["kind"].as_str()))
    }
}

/// The tables of a world with one signature.
fn corpus(world: &World, fields: &[Json]) -> Corpus {
    let mut all = world.tables().clone();
    let signature = json!({"name": "Judged", "instructions": "Judge.", "fields": fields});
    all.insert("signatures".into(), json!({SIGNATURE: signature}));
    Corpus::from_json(&Json::Object(all).to_string()).expect("an object is a corpus")
}

/// One input and up to four outputs; some have a default.
fn fields(world: &World) -> impl Strategy<Value = Vec<Json>> + use<> {
    let facts = proptest::collection::vec((draw::output_type(world), prop::bool::weighted(0.1)), 4);
    let count = prop_oneof![3 => Just(1_usize), 3 => Just(2), 2 => Just(3), 1 => Just(4)];
    (count.prop_flat_map(|n| subsequence(NAMES, n)), facts).prop_map(|(names, facts)| {
        let field = |(name, (ty, optional)): (&str, (Json, bool))| {
            let language = ty["language"].as_str().map(|l| format!("Code_{l}"));
            let mut field = json!({"name": name, "direction": "output", "type": ty});
            if let Some(spelled) = language {
                field["annotation_name"] = spelled.into();
            }
            if let Some(default) = draw::default_of(&field["type"]).filter(|_| optional) {
                field["default"] = default;
            }
            field
        };
        let input = json!({"name": INPUT, "direction": "input", "type": {"kind": "str"}});
        std::iter::once(input).chain(names.into_iter().zip(facts).map(field)).collect()
    })
}

/// The turn that an adapter writes for these outputs as a demonstration.
pub(crate) fn written(adapter: &dyn Adapter, signature: &Signature, outputs: &Record) -> Option<String> {
    let mut demo = outputs.clone();
    let mut inputs = Record::new();
    for field in signature.inputs() {
        demo.insert(field.name.clone(), Value::from("Which?"));
        inputs.insert(field.name.clone(), Value::from("Which?"));
    }
    let demos = [Example::new(demo)];
    let request = adapter.render(&RenderCall::new(signature, &inputs).demos(&demos)).ok()?;
    request.messages.iter().find(|m| m.role == Role::Assistant).map(dspex_core::lm::Message::text)
}
