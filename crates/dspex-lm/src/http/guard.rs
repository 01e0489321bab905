//! What holds tests to this machine: with the feature `loopback-only` no request leaves it.

use dspex_core::lm::{LmError, LmErrorKind};
use reqwest::Url;

/// An error where a request would go beyond this machine. Names are not looked up: but for `localhost`, and those that never
/// have an address, none is let through.
pub(super) fn loopback_only(url: &Url) -> Result<(), LmError> {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let address = literal.parse::<std::net::IpAddr>();
    let stays = match address {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.rsplit('.').next() == Some("invalid"),
    };
    if stays {
        return Ok(());
    }
    let message = format!("expected a request that stays on this machine, found one to {host}");
    Err(LmError::new(LmErrorKind::Configuration, message)
        .with_hint("this build has the feature `loopback-only`, for tests; build it without"))
}

#[cfg(test)]
mod tests {
    use super::loopback_only;

    #[test]
    fn only_this_machine() {
        for url in [
            "http://127.0.0.1:80/v1",
            "http://127.9.9.9/",
            "http://[::1]:1/",
            "http://localhost/",
            "http://a.invalid/",
        ] {
            assert!(loopback_only(&url.parse().unwrap()).is_ok(), "{url}");
        }
        for url in [
            "https://api.openai.com/v1",
            "http://192.0.2.1/",
            "http://0.0.0.0/",
            "http://169.254.169.254/",
            "http://[::ffff:10.0.0.1]/",
            "http://localhost.example.com/",
            "http://134744072/",
        ] {
            assert!(loopback_only(&url.parse().unwrap()).is_err(), "{url}");
        }
    }
}
