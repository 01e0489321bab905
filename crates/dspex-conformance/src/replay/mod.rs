//! Recorded traffic, read by the wires: one line for each interaction.

mod cassette;
mod line;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use dspex_lm::{Content, Decoded, RecordedReply};
use serde_json::Value as Json;

pub use cassette::{Interaction, files, interactions};
pub use line::line;

/// One interaction, read.
#[derive(Debug)]
pub struct Replayed {
    /// The recording, under the folder that was asked for.
    pub file: String,
    /// Which of its interactions, from 0.
    pub index: usize,
    /// What was recorded.
    pub interaction: Interaction,
    /// What it says.
    pub decoded: Decoded,
}

impl Replayed {
    /// The interaction as one line of JSON.
    pub fn line(&self) -> Json {
        line(self)
    }
}

/// Reads every interaction of every recording under a folder, in order. Recordings say who answered by the folder that
/// they are in.
///
/// # Errors
///
/// A folder or a file that cannot be read, with its name.
pub fn replay(folder: &Path) -> Result<Vec<Replayed>, String> {
    let mut all = Vec::new();
    for path in files(folder)? {
        let file = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        for (index, interaction) in interactions(folder, &path)?.into_iter().enumerate() {
            let decoded = recorded(&interaction).decode();
            all.push(Replayed { file: file.clone(), index, interaction, decoded });
        }
    }
    Ok(all)
}

/// The reply of an interaction, ready to be read.
pub fn recorded(one: &Interaction) -> RecordedReply<'_> {
    let reply = RecordedReply::new(&one.vendor, &one.path, &one.body).with_method(&one.method);
    let reply = reply.with_status(one.status);
    one.headers.iter().fold(reply, |reply, (name, value)| reply.with_header(name, value))
}

/// How many interactions were read, by vendor and wire.
#[derive(Debug, Default)]
pub struct Summary {
    rows: BTreeMap<(String, String), [usize; 3]>,
    skipped: BTreeMap<String, usize>,
}

impl Summary {
    /// Counts what was read.
    pub fn of(all: &[Replayed]) -> Self {
        let mut summary = Self::default();
        for one in all {
            let wire = one.decoded.wire.unwrap_or("-").to_owned();
            let row = summary.rows.entry((one.interaction.vendor.clone(), wire)).or_default();
            match &one.decoded.content {
                Ok(Content::Skipped(why)) => {
                    row[2] += 1;
                    *summary.skipped.entry(why.clone()).or_default() += 1;
                }
                Ok(_) => row[0] += 1,
                Err(_) => row[1] += 1,
            }
        }
        summary
    }

    /// So many were read, were errors, and were skipped.
    pub fn totals(&self) -> [usize; 3] {
        self.rows.values().fold([0; 3], |sum, row| [sum[0] + row[0], sum[1] + row[1], sum[2] + row[2]])
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {:<20} {:>6} {:>6} {:>7}", "vendor", "wire", "read", "errors", "skipped")?;
        for ((vendor, wire), [read, errors, skipped]) in &self.rows {
            writeln!(f, "{vendor:<12} {wire:<20} {read:>6} {errors:>6} {skipped:>7}")?;
        }
        let [read, errors, skipped] = self.totals();
        writeln!(f, "{:<12} {:<20} {read:>6} {errors:>6} {skipped:>7}", "all", "")?;
        for (why, count) in &self.skipped {
            writeln!(f, "skipped {count}: {why}")?;
        }
        Ok(())
    }
}
