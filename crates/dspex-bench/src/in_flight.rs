//! Ten thousand calls at one time: how long, how much memory, and that none sees another's answer.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dspex::{Context, Module as _, Predict, Record};
use tokio::task::JoinSet;

use crate::Measured;
use crate::measure::Figure;
use crate::model::Fixed;

const CONTEXTS: usize = 100;
const CALLS_EACH: usize = 100;
const LATENCY: Duration = Duration::from_secs(1);

pub(crate) fn in_flight() -> Measured {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    runtime.block_on(async {
        let predict = Arc::new(Predict::parse("question -> answer: int")?);
        let before = resident_kilobytes()?;
        let started = Instant::now();
        let mut calls = JoinSet::new();
        for context in 0..CONTEXTS {
            let text = format!("[[ ## answer ## ]]\n{context}\n\n[[ ## completed ## ]]\n");
            let ctx = Context::new(Fixed { text, latency: LATENCY });
            for call in 0..CALLS_EACH {
                let (ctx, predict) = (ctx.clone(), Arc::clone(&predict));
                calls.spawn(async move {
                    let inputs = Record::new().with("question", format!("context {context}, call {call}"));
                    let out = predict.call(&ctx, inputs).await?;
                    Ok::<_, dspex::Error>(
                        out.get("answer").and_then(dspex::Value::as_i64) == i64::try_from(context).ok(),
                    )
                });
            }
        }
        tokio::time::sleep(LATENCY / 2).await;
        let during = resident_kilobytes()?;
        let mut crossed = 0_u32;
        while let Some(done) = calls.join_next().await {
            crossed += u32::from(!done??);
        }
        let seconds = started.elapsed().as_secs_f64();
        let count = (CONTEXTS * CALLS_EACH) as f64;
        Ok(vec![
            Figure {
                name: "10,000 calls in flight, time over ideal".into(),
                value: seconds / LATENCY.as_secs_f64(),
                unit: "x",
                at_most: 1.3,
            },
            Figure {
                name: "memory of a call in flight".into(),
                value: (during - before) / count,
                unit: "KB",
                at_most: 20.0,
            },
            Figure {
                name: "answers that crossed between 100 contexts".into(),
                value: f64::from(crossed),
                unit: "",
                at_most: 0.0,
            },
        ])
    })
}

/// Memory of this process in use.
pub(crate) fn resident_kilobytes() -> Result<f64, Box<dyn std::error::Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|l| l.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/self/status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
