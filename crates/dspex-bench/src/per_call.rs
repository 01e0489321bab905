//! Time of one thing: reading a signature, one call of a predictor with an in-process model.

use std::hint::black_box;

use dspex::{Context, Example, Module as _, Predict, Record, Signature};

use crate::Measured;
use crate::measure::{Figure, median_micros};
use crate::model::Fixed;

const SIGNATURE: &str = "context: list[str], question -> answer: Literal['yes', 'no'], confidence: float";

pub(crate) fn signature() -> Measured {
    Signature::parse(SIGNATURE)?;
    let value = median_micros(2_000, || {
        let _ = black_box(Signature::parse(black_box(SIGNATURE)));
    });
    Ok(vec![Figure {
        name: "reading a signature string of four fields".into(),
        value,
        unit: "us",
        at_most: 20.0,
    }])
}

pub(crate) fn predict() -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let reply = "[[ ## answer ## ]]\nyes\n\n[[ ## confidence ## ]]\n0.9\n\n[[ ## completed ## ]]\n";
    let inputs = Record::new()
        .with("context", vec!["Goethe wrote Faust."])
        .with("question", "Did Goethe write Faust?");
    let demo = |answer: &str| {
        Example::new(inputs.clone())
            .with("answer", answer)
            .with("confidence", 0.5)
            .with_inputs(["context", "question"])
    };
    let plain = Predict::parse(SIGNATURE)?;
    let taught = plain.clone().with_demos([demo("yes"), demo("no")])?;
    let ctx = Context::new(Fixed::new(reply));
    let mut figures = Vec::new();
    for (name, program, at_most) in [
        ("one call without demonstrations (render, call, parse)", &plain, 25.0),
        ("one call with two demonstrations", &taught, 40.0),
    ] {
        for traced in [false, true] {
            runtime.block_on(program.call(&ctx, inputs.clone()))?;
            let value = median_micros(500, || {
                let ctx = if traced { ctx.traced().0 } else { ctx.clone() };
                let _ = black_box(runtime.block_on(program.call(&ctx, inputs.clone())));
            });
            let name = if traced { format!("{name}, traced") } else { name.to_owned() };
            figures.push(Figure { name, value, unit: "us", at_most });
        }
    }
    Ok(figures)
}
