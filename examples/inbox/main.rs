//! Answers the mail of a guest house with three predictors, each with the model and the adapter that suit it.

use std::collections::BTreeMap;
use std::time::Duration;

use dspex::adapters::JsonAdapter;
use dspex::evaluate::Dataset;
use dspex::lm::Options;
use dspex::prelude::*;
use dspex::{Cancellation, FromRecord as _, Limits, Overrides, Path, Usage};
use dspex_examples::{data, model, script};
use futures_util::future::{join, join_all};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Say what the guest wants.
#[derive(Signature)]
struct Classify {
    #[input]
    mail: String,
    #[output]
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Booking,
    Question,
    Complaint,
}

/// Find the stay that the guest asks for.
#[derive(Signature)]
struct Extract {
    #[input]
    mail: String,
    #[output]
    stay: Stay,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Stay {
    arrival: String,
    nights: u32,
    persons: u32,
}

/// Answer the guest in one or two friendly sentences.
#[derive(Signature)]
struct Draft {
    #[input]
    mail: String,
    #[input]
    kind: Kind,
    #[input]
    stay: Option<Stay>,
    #[output]
    reply: String,
}

#[derive(Clone, Parameters, Default)]
struct Inbox {
    classify: Predict<Classify>,
    extract: Predict<Extract>,
    draft: ChainOfThought<Draft>,
}

impl Module for Inbox {
    type Input = ClassifyInput;
    type Output = WithReasoning<DraftOutput>;

    async fn forward(&self, ctx: &Context, input: ClassifyInput) -> Result<Prediction<Self::Output>> {
        let mail = input.mail.clone();
        let kind = self.classify.call(ctx, input).await?.kind;
        let stay = match kind {
            Kind::Booking => {
                Some(self.extract.call(ctx, ExtractInput { mail: mail.clone() }).await?.into_inner().stay)
            }
            Kind::Question | Kind::Complaint => None,
        };
        self.draft.call(ctx, DraftInput { mail, kind, stay }).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let small = model(script("inbox/small.toml")?.with_id("small").with_latency(Duration::from_millis(5)))?;
    let large = model(script("inbox/large.toml")?.with_id("large").with_latency(Duration::from_millis(20)))?;
    let ctx = Context::new(small)
        .with_options(Options::new().temperature(0.0))
        .with_limits(Limits::none().in_flight(2))
        .with("extract", Overrides::new().adapter(JsonAdapter::new()))
        .with("draft.predict", Overrides::new().lm(large).options(Options::new().max_tokens(300)));
    let rows = Dataset::load(data("inbox/mails.jsonl"))?.rows;
    let mails: Vec<ClassifyInput> =
        rows.into_iter().map(|row| ClassifyInput::from_record(row.record)).collect::<Result<_>>()?;
    let inbox = Inbox::default().stamped();
    ctx.check_overrides(&inbox)?;

    let answers = join_all(mails.iter().map(|mail| inbox.call(&ctx, mail.clone()))).await;
    let mut used: BTreeMap<(Path, String), Usage> = BTreeMap::new();
    for answer in answers {
        let answer = answer?;
        println!("{}", answer.reply);
        for attempt in answer.attempts() {
            *used.entry((attempt.path.clone(), attempt.model.clone())).or_default() += attempt.usage;
        }
    }
    println!();
    for ((path, model), usage) in used {
        println!("{path:<14} {model:<6} {usage}");
    }

    // The desk closes while all of the mail is under way.
    let closing = Cancellation::new();
    let ctx = ctx.with_cancellation(closing.clone());
    let work = join_all(mails.iter().map(|mail| inbox.call(&ctx, mail.clone())));
    let (answers, ()) = join(work, async { closing.cancel() }).await;
    let cancelled = answers.iter().filter(|a| a.as_ref().is_err_and(|e| e.code() == "cancelled")).count();
    println!("\ncancelled: {cancelled} of {}", answers.len());
    Ok(())
}
