//! Recorded traffic of 14 vendors, read through the wires that its paths call for.
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use dspex_conformance::replay::{Interaction, Replayed, Summary, interactions, recorded, replay};
use dspex_core::lm::LmErrorKind;
use dspex_lm::{Content, ROUTES};

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cassettes");
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no recorded traffic at {}", folder.display());
    None
}

/// Whether a recording says by itself that it is no whole answer.
fn is_told(one: &Replayed) -> bool {
    let body = String::from_utf8_lossy(&one.interaction.body);
    let refused = body.contains("\"refusal\":\"") || body.contains("\"type\":\"refusal\"");
    let error = body.contains("\"error\":{") || body.contains("event: error");
    one.interaction.status >= 400 || refused || error
}

/// Whether a stream stops before its wire's last event.
fn is_cut_off(one: &Replayed) -> bool {
    let body = String::from_utf8_lossy(&one.interaction.body);
    let ends = [
        "[DONE]",
        "message_stop",
        "response.completed",
        "response.incomplete",
        "message-end",
        "finishReason",
    ];
    one.decoded.streaming && !ends.iter().any(|end| body.contains(end))
}

#[test]
fn everything_recorded_is_read_or_says_why_not() {
    let Some(folder) = folder() else { return };
    let all = replay(&folder).unwrap();
    let mut wrong = Vec::new();
    for one in &all {
        let line = one.line();
        match &one.decoded.content {
            Err(e) => {
                let cut = is_cut_off(one) && e.kind == LmErrorKind::Transport;
                if !is_told(one) && !cut {
                    wrong.push(format!("{line}"));
                }
                assert!(line["error"]["status"].is_u64() && line["error"]["kind"].is_string(), "{line}");
            }
            Ok(Content::Skipped(why)) => {
                let needed = one.decoded.wire.is_none_or(|w| ROUTES.iter().any(|r| r.wire() == Some(w)));
                assert!(!why.is_empty() && needed, "{line}");
            }
            Ok(Content::Reply(reply)) => {
                assert!(one.interaction.status < 300, "an error was read as an answer: {line}");
                assert!(!reply.choices.is_empty() && line["finish_reason"].is_string(), "{line}");
            }
            Ok(Content::Embeddings(e)) => {
                assert!(!e.vectors.is_empty() && line["dimensions"].as_u64() > Some(8));
            }
            Ok(Content::Models(ids)) => assert!(!ids.is_empty(), "{line}"),
            Ok(_) => panic!("{line}"),
        }
    }
    assert!(wrong.is_empty(), "{} are not read:\n{}", wrong.len(), wrong.join("\n"));
    // What is read, and what is not: of the recordings, 1,192 interactions. Only wires may come to be read.
    let [read, errors, skipped] = Summary::of(&all).totals();
    assert_eq!(read + errors + skipped, all.len());
    let known = all.iter().filter(|one| one.decoded.wire == Some("openai_chat")).count();
    let other = |what: fn(&Content) -> bool| {
        all.iter().filter(|o| o.decoded.content.as_ref().is_ok_and(what)).count()
    };
    assert_eq!((all.len(), known), (1_192, 539));
    assert_eq!(other(|c| matches!(c, Content::Embeddings(_))), 33);
    assert_eq!(other(|c| matches!(c, Content::Models(_))), 6);
    eprintln!("{}", Summary::of(&all));
}

#[test]
fn streams_are_the_same_byte_by_byte() {
    let Some(folder) = folder() else { return };
    let mut streams = 0;
    for one in replay(&folder).unwrap().into_iter().filter(|one| one.decoded.streaming) {
        let slowly = recorded(&one.interaction).decode_in_pieces(1);
        assert_eq!(slowly, one.decoded, "{} {}", one.file, one.index);
        streams += 1;
    }
    assert!(streams >= 200, "only {streams} streams");
}

#[test]
fn a_stream_that_is_cut_anywhere_is_no_answer() {
    let Some(folder) = folder() else { return };
    let all = replay(&folder).unwrap();
    // A short one of each vendor, since it is read once for each of its bytes.
    let short = |one: &&Replayed| {
        one.decoded.streaming && one.decoded.content.is_ok() && one.interaction.body.len() < 3_000
    };
    let mut by_vendor: BTreeMap<&str, usize> = BTreeMap::new();
    for one in all.iter().filter(short) {
        let cuts = by_vendor.entry(&one.interaction.vendor).or_default();
        if *cuts == 1 {
            continue;
        }
        *cuts += 1;
        let body = one.interaction.body.trim_ascii_end();
        for at in 0..body.len() {
            let cut = Interaction { body: body[..at].to_vec(), ..one.interaction.clone() };
            match recorded(&cut).decode().content {
                Err(e) => assert_eq!(e.kind, LmErrorKind::Transport, "{} cut at {at}: {e}", one.file),
                // What comes after the event that ends a reply tells nothing more.
                Ok(content) => assert_eq!(Ok(content), one.decoded.content, "{} cut at {at}", one.file),
            }
        }
    }
    assert!(by_vendor.len() >= 3, "{by_vendor:?}");
}

#[test]
fn a_recording_names_who_answered_and_may_hold_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("groq").join("a.yaml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let one = "when:\n  path: /v1/models\n  method: GET\nthen:\n  status: 200\n  body: eyJkYXRhIjpbXX0=\n  body_encoding: base64\n";
    std::fs::write(&file, format!("{one}---\n{one}")).unwrap();
    let all = replay(folder.path()).unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!((all[1].interaction.vendor.as_str(), all[1].index), ("groq", 1));
    assert_eq!(all[0].line()["models"], serde_json::json!([]));
    std::fs::write(&file, "when: 3").unwrap();
    assert!(interactions(folder.path(), &file).unwrap_err().contains("a.yaml"));
}
