//! What servers say in headers: P2, P3 and P41 of the cases of faults.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dspex_resilience::{LONGEST, RateLimits, retry_after, should_retry};
use proptest::prelude::*;

/// Sun, 06 Nov 1994 08:49:37 GMT, the example of the HTTP specification.
const NOW: u64 = 784_111_777;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn after(headers: &[(&str, &str)]) -> Option<Duration> {
    retry_after(find(headers), now())
}

fn find<'a>(headers: &'a [(&str, &'a str)]) -> impl Fn(&str) -> Option<&'a str> {
    move |name| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
}

#[expect(clippy::unnecessary_wraps, reason = "what is compared with is an option")]
fn ms(ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(ms))
}

#[test]
fn p2_retry_after_in_every_form() {
    let ten_megabytes = "9".repeat(10 * 1024 * 1024);
    for (value, expected) in [
        ("2", ms(2000)),
        (" 2 ", ms(2000)),
        ("0", ms(0)),
        ("1.5", ms(1500)),
        ("Sun, 06 Nov 1994 08:49:47 GMT", ms(10_000)),
        ("Sunday, 06-Nov-94 08:49:47 GMT", ms(10_000)),
        ("Sun Nov  6 08:49:47 1994", ms(10_000)),
        ("Sun, 06 Nov 1994 08:49:27 GMT", ms(0)),
        ("3600", ms(3_600_000)),
        ("99999999999999999999999999", Some(LONGEST)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(LONGEST)),
        ("-5", None),
        ("+5", None),
        ("abc", None),
        ("", None),
        (".", None),
        ("1.2.3", None),
        ("1e3", None),
        ("inf", None),
        ("NaN", None),
        ("2 s", None),
        ("Sun, 06 Nov 1994 08:49:47 +0100", None),
        (&ten_megabytes, None),
    ] {
        assert_eq!(after(&[("retry-after", value)]), expected, "{}", &value[..value.len().min(40)]);
    }
}

#[test]
fn p3_the_most_specific_word_wins() {
    let all = [
        ("retry-after-ms", "250"),
        ("retry-after", "2"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "6m0s"),
        ("x-ratelimit-remaining-tokens", "150"),
        ("x-ratelimit-reset-tokens", "1h"),
    ];
    assert_eq!(after(&all), ms(250));
    assert_eq!(after(&all[1..]), ms(2000));
    assert_eq!(after(&all[2..]), ms(360_000), "the reset of the limit that is used up, not of the other");
    assert_eq!(after(&all[3..]), None, "no limit is known to be used up");
    assert_eq!(
        after(&[("retry-after-ms", "abc"), ("retry-after", "2")]),
        ms(2000),
        "one that is bad counts as absent"
    );
    let both = [
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "1s"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "20ms"),
    ];
    assert_eq!(after(&both), ms(1000), "of two the later");
}

#[test]
fn p3_resets_in_every_form() {
    for (value, expected) in [
        ("6m0s", ms(360_000)),
        ("1s", ms(1000)),
        ("20ms", ms(20)),
        ("1h2m3.5s", ms(3_723_500)),
        ("7.66s", ms(7660)),
        ("1d", Some(LONGEST)),
        ("59.96", ms(59_960)),
        ("784111787", Some(LONGEST)),
        ("1994-11-06T08:49:47Z", ms(10_000)),
        ("1994-11-06T09:49:47.250+01:00", ms(10_250)),
        ("1994-11-06T08:49:27Z", ms(0)),
        ("1994-11-06", None),
        ("6x", None),
        ("m", None),
        ("-1s", None),
        ("5m-1s", None),
        ("1.s.", None),
        ("", None),
    ] {
        let headers = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", value)];
        assert_eq!(after(&headers), expected, "{value}");
    }
}

#[test]
fn p3_instants_in_unix_seconds_and_milliseconds() {
    let now = UNIX_EPOCH + Duration::from_secs(1_750_000_000);
    for value in ["1750000012", "1750000012000"] {
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", value)];
        assert_eq!(retry_after(find(&headers), now), ms(12_000), "{value}");
    }
    let past = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1749999999")];
    assert_eq!(retry_after(find(&past), now), ms(0));
}

#[test]
fn limits_of_openai_and_anthropic_are_read() {
    let openai = [
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "59"),
        ("x-ratelimit-reset-requests", "1s"),
        ("x-ratelimit-limit-tokens", "150000"),
        ("x-ratelimit-remaining-tokens", "149984"),
    ];
    let read = RateLimits::read(find(&openai), now());
    assert_eq!(
        (read.requests.limit, read.requests.remaining, read.requests.reset),
        (Some(60), Some(59), ms(1000))
    );
    assert_eq!((read.tokens.remaining, read.tokens.reset), (Some(149_984), None));

    let anthropic = [
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-tokens-remaining", "5000"),
        ("anthropic-ratelimit-tokens-reset", "1994-11-06T08:50:37Z"),
        ("anthropic-ratelimit-output-tokens-remaining", "0"),
        ("anthropic-ratelimit-output-tokens-reset", "1994-11-06T08:50:07Z"),
    ];
    let read = RateLimits::read(find(&anthropic), now());
    assert_eq!(read.requests.remaining, Some(49));
    assert_eq!(
        (read.tokens.remaining, read.tokens.reset),
        (Some(0), ms(30_000)),
        "the tightest of the three"
    );
    assert_eq!(after(&anthropic), ms(30_000));
}

#[test]
fn p41_dates_count_from_the_server_s_own_clock() {
    // Its clock is ten minutes ahead of ours.
    let ahead = [("date", "Sun, 06 Nov 1994 08:59:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:59:40 GMT")];
    assert_eq!(after(&ahead), ms(3000));
    let no_date = [("date", "yesterday"), ("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")];
    assert_eq!(after(&no_date), ms(3000));
}

#[test]
fn should_retry_is_true_false_or_nothing() {
    for (value, expected) in
        [("true", Some(true)), ("FALSE", Some(false)), ("1", None), ("", None), ("yes", None)]
    {
        assert_eq!(should_retry(|name| (name == "x-should-retry").then_some(value)), expected);
    }
}

/// Text of any bytes, and text of the letters that times are written with.
fn any_header() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..80).prop_map(|b| String::from_utf8_lossy(&b).into_owned()),
        "[0-9.dhmsunµTZ:+, -]{0,40}",
        "(Sun|Sunday), [0-9]{1,2}[ -](Nov|Foo)[ -][0-9]{2,5} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
        "[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})",
        "[0-9]{1,60}(\\.[0-9]{1,60})?",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_panics_and_no_wait_is_longer_than_the_longest(
        values in proptest::collection::vec(any_header(), 8),
        zero in any::<bool>(),
        clock in 0_u64..20_000_000_000,
    ) {
        let now = UNIX_EPOCH + Duration::from_secs(clock);
        let header = |name: &str| {
            if zero && name.contains("remaining") {
                return Some("0");
            }
            Some(&*values[name.len() % values.len()])
        };
        let wait = retry_after(header, now);
        prop_assert!(wait.is_none_or(|w| w <= LONGEST));
        let limits = RateLimits::read(header, now);
        prop_assert!(limits.exhausted().is_none_or(|w| w <= LONGEST));
        should_retry(header);
    }

    #[test]
    fn spans_of_any_units_are_their_sum(hours in 0_u64..20, minutes in 0_u64..60, seconds in 0_u64..60, ms in 0_u64..1000) {
        let text = format!("{hours}h{minutes}m{seconds}s{ms}ms");
        let headers = [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", &*text)];
        let expected = Duration::from_millis(((hours * 60 + minutes) * 60 + seconds) * 1000 + ms);
        let found = after(&headers).unwrap();
        prop_assert!(found.abs_diff(expected) < Duration::from_micros(1), "{text}: {found:?}");
    }

    #[test]
    fn a_date_is_as_far_as_it_says_in_each_form(seconds in 0_u64..86_000) {
        let at = now() + Duration::from_secs(seconds);
        let text = httpdate::fmt_http_date(at);
        prop_assert_eq!(after(&[("retry-after", &*text)]), Some(Duration::from_secs(seconds)));
    }
}
