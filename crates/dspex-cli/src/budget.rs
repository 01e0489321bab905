//! `--budget`: how much a command may use.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use dspex_core::{Budget, Context, Money};

#[derive(Args, Debug, Default)]
pub(crate) struct BudgetArgs {
    /// Use no more than that: money (`5usd`), tokens (`1Mtokens`), calls (`100calls`) or time (`90s`, `10m`, `2h`); several
    /// with commas between, or several times. Replies from a cache cost nothing
    #[arg(long, value_name = "LIMIT", value_delimiter = ',')]
    budget: Vec<Part>,
}

impl BudgetArgs {
    /// The context under the budget, where one was named.
    pub(crate) fn over(&self, ctx: Context) -> Context {
        if self.budget.is_empty() { ctx } else { ctx.budgeted(total(&self.budget)).0 }
    }
}

/// One bound of a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Money(Money),
    Tokens(u64),
    Calls(u64),
    Time(Duration),
}

/// All bounds; of two of one kind the lower.
fn total(parts: &[Part]) -> Budget {
    let mut budget = Budget::none();
    for part in parts {
        budget = match *part {
            Part::Money(most) => budget.money(least(budget.money, most)),
            Part::Tokens(most) => budget.tokens(least(budget.tokens, most)),
            Part::Calls(most) => budget.calls(least(budget.calls, most)),
            Part::Time(most) => budget.time(least(budget.time, most)),
        };
    }
    budget
}

fn least<T: Ord>(own: Option<T>, other: T) -> T {
    match own {
        Some(own) => own.min(other),
        None => other,
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("expected an amount as `5usd`, `1Mtokens`, `100calls` or `10m`, found `{text}`");
        let trimmed = text.trim();
        if let Some(money) = trimmed.strip_prefix('$') {
            return money.parse().map(Self::Money).map_err(|_| wrong());
        }
        let unit = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, unit) = (&trimmed[..unit], trimmed[unit..].trim());
        match unit {
            "usd" | "USD" => number.parse().map(Self::Money).map_err(|_| wrong()),
            "s" | "m" | "h" => {
                let each = match unit {
                    "s" => 1.0,
                    "m" => 60.0,
                    _ => 3_600.0,
                };
                let seconds: f64 = number.parse().map_err(|_| wrong())?;
                Duration::try_from_secs_f64(seconds * each).map(Self::Time).map_err(|_| wrong())
            }
            _ => counted(number, unit).ok_or_else(wrong),
        }
    }
}

/// `100calls`, `200ktokens`, `1.5Mtokens`.
fn counted(number: &str, unit: &str) -> Option<Part> {
    let (prefix, make): (&str, fn(u64) -> Part) =
        match unit.strip_suffix("tokens").or_else(|| unit.strip_suffix("token")) {
            Some(prefix) => (prefix, Part::Tokens),
            None => (unit.strip_suffix("calls").or_else(|| unit.strip_suffix("call"))?, Part::Calls),
        };
    let times: u32 = match prefix.trim() {
        "" => 0,
        "k" => 3,
        "M" => 6,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    // What is counted has no halves: `1.5k` is 1,500, and `1.5` is nothing.
    let places = usize::try_from(times).ok()?;
    if part.len() > places || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    format!("{whole}{part:0<places$}").parse().ok().map(make)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let money = |text: &str| Part::Money(text.parse().expect("money"));
        for (text, part) in [
            ("5usd", money("5")),
            ("0.25usd", money("0.25")),
            ("$5", money("5")),
            ("100calls", Part::Calls(100)),
            ("1call", Part::Calls(1)),
            ("2kcalls", Part::Calls(2_000)),
            ("1Mtokens", Part::Tokens(1_000_000)),
            ("1.5Mtokens", Part::Tokens(1_500_000)),
            ("10 tokens", Part::Tokens(10)),
            ("10m", Part::Time(Duration::from_mins(10))),
            ("1.5h", Part::Time(Duration::from_mins(90))),
            ("0.5s", Part::Time(Duration::from_millis(500))),
        ] {
            assert_eq!(text.parse(), Ok(part), "{text}");
        }
        for text in ["", "5", "usd", "5eur", "-5usd", "1.5calls", "1e3tokens", "5mtokens", "m", "$", "1.2.3s"]
        {
            assert!(text.parse::<Part>().is_err_and(|e| e.contains("`5usd`")), "{text}");
        }
    }

    #[test]
    fn of_two_bounds_the_lower_counts() {
        let budget = total(&[Part::Calls(7), Part::Calls(3), Part::Tokens(5), Part::Calls(9)]);
        assert_eq!(budget, Budget::none().calls(3).tokens(5));
    }
}
