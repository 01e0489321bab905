//! Arguments behind the name of a metric: `numeric(absolute=0.5)`.

use std::ops::RangeInclusive;

use dspex_core::{Error, Result, unknown_name};

/// The arguments behind the name of a metric. A metric takes those that it knows; the rest is an error.
///
/// ```
/// use dspex_evaluate::MetricArgs;
/// let mut args = MetricArgs::parse("numeric(absolute=0.5)")?;
/// assert_eq!(args.number("absolute", 0.0, 0.0..=1.0)?, 0.5);
/// args.finish()?;
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MetricArgs {
    metric: String,
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl MetricArgs {
    /// Reads a name, or a name with arguments in parentheses: `name(argument=value, ...)`.
    pub fn parse(spec: &str) -> Result<Self> {
        let wrong = |expected: &str| {
            Error::configuration(format!("expected {expected}, found `{spec}`"))
                .with_hint("write a metric as `numeric`, or with arguments as `numeric(absolute=0.5)`")
        };
        let (metric, list) = match spec.split_once('(') {
            None => (spec, ""),
            Some((metric, rest)) => {
                (metric, rest.trim_end().strip_suffix(')').ok_or_else(|| wrong("a `)` at the end"))?)
            }
        };
        let mut given: Vec<(String, String)> = Vec::new();
        for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (name, value) = item.split_once('=').ok_or_else(|| wrong("arguments as `name=value`"))?;
            let name = name.trim().to_owned();
            if name.is_empty() || value.trim().is_empty() {
                return Err(wrong("a name and a value in `name=value`"));
            }
            if given.iter().any(|(n, _)| *n == name) {
                return Err(wrong(&format!("`{name}` once")));
            }
            given.push((name, value.trim().to_owned()));
        }
        Ok(Self { metric: metric.trim().to_owned(), given, known: Vec::new() })
    }

    /// The metric's name.
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// Takes the argument of a name as text.
    pub fn text(&mut self, name: &'static str, default: &str) -> String {
        self.take(name).unwrap_or_else(|| default.to_owned())
    }

    /// Takes the argument of a name as a number within bounds.
    pub fn number(&mut self, name: &'static str, default: f64, bounds: RangeInclusive<f64>) -> Result<f64> {
        let Some(text) = self.take(name) else { return Ok(default) };
        let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && bounds.contains(n));
        number.ok_or_else(|| {
            let most = if bounds.end().is_finite() { format!(" to {}", bounds.end()) } else { String::new() };
            let (metric, least) = (&self.metric, bounds.start());
            Error::configuration(format!(
                "expected `{name}` of `{metric}` to be a number from {least}{most}, found `{text}`"
            ))
        })
    }

    /// An error if arguments are left that nobody took.
    pub fn finish(&self) -> Result<()> {
        let Some((name, _)) = self.given.first() else { return Ok(()) };
        let metric = &self.metric;
        if self.known.is_empty() {
            return Err(Error::configuration(format!("expected no arguments of `{metric}`, found `{name}`")));
        }
        Err(unknown_name(&format!("arguments of `{metric}`"), name, self.known.iter().copied()))
    }

    fn take(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let at = self.given.iter().position(|(n, _)| n == name)?;
        Some(self.given.remove(at).1)
    }
}

#[cfg(test)]
mod tests {
    use crate::by_name;

    #[test]
    fn what_cannot_be_read_is_said() {
        let table = [
            ("numeric(absolute=x)", "expected `absolute` of `numeric` to be a number from 0, found `x`"),
            ("numeric(absolute=-1)", "expected `absolute` of `numeric` to be a number from 0, found `-1`"),
            ("numeric(absolute=inf)", "expected `absolute` of `numeric` to be a number from 0, found `inf`"),
            (
                "answer_exact_match(frac=80)",
                "expected `frac` of `answer_exact_match` to be a number from 0 to 1, found `80`",
            ),
            ("f1(frac=1)", "expected no arguments of `f1`, found `frac`"),
            ("numeric(absolute=1", "expected a `)` at the end, found `numeric(absolute=1`"),
            ("f1(=1)", "expected a name and a value in `name=value`, found `f1(=1)`"),
            (
                "answer_passage_match(passages_in=)",
                "expected a name and a value in `name=value`, found `answer_passage_match(passages_in=)`",
            ),
            ("numeric(1)", "expected arguments as `name=value`, found `numeric(1)`"),
            (
                "numeric(absolute=1, absolute=2)",
                "expected `absolute` once, found `numeric(absolute=1, absolute=2)`",
            ),
        ];
        for (spec, message) in table {
            assert_eq!(by_name(spec, "n").err().unwrap().to_string(), message);
        }
        for spec in ["f1()", " numeric ( absolute = 1 ) ", "answer_passage_match(passages_in=found)"] {
            assert!(by_name(spec, "n").is_ok(), "{spec}");
        }
    }
}
