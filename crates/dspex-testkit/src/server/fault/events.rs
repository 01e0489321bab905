//! Faults in the events of a stream: which come, and how they are written.

use std::fmt::Write as _;

use serde_json::json;

use super::{Fault, LineEnds};
use crate::server::wire::{Form, Frame, Wire};

impl Fault {
    /// Changes which events come.
    pub(in crate::server) fn on_frames(&self, frames: &mut Vec<Frame>, wire: &dyn Wire) {
        let middle = frames.len() / 2;
        let odd = |data: String| Frame { event: None, data, last: false };
        match self {
            Self::NoTerminal => frames.retain(|f| !f.last),
            Self::DuplicatedEvents => {
                *frames = frames.drain(..).flat_map(|f| [f.clone(), f]).collect();
            }
            // The middle of a reply is text, but for the shortest.
            Self::LateDelta => frames.extend(frames.get(middle.saturating_sub(1)).cloned()),
            Self::MalformedEvent => frames.insert(middle, odd(r#"{"choices": [{"delta": {"#.into())),
            Self::UnknownEvents => {
                let unknown = json!({"type": "dspex.unknown", "note": "nobody knows this type"});
                let unknown = Frame { event: Some("dspex.unknown".into()), ..Frame::data(unknown) };
                let ping = Frame { event: Some("ping".into()), ..Frame::data(json!({"type": "ping"})) };
                frames.splice(middle..middle, [unknown, ping]);
            }
            Self::ErrorEvent(after) => {
                frames.truncate(*after);
                frames.push(wire.error_frame("Overloaded"));
            }
            _ => {}
        }
    }
}

/// How a stream is written.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Style {
    form: Form,
    end: &'static str,
    mark: bool,
    data_lines: bool,
    comments: bool,
}

impl Style {
    pub(in crate::server) fn new(form: Form, faults: &[Fault]) -> Self {
        let end = faults.iter().find_map(|f| if let Fault::LineEnds(ends) = f { Some(*ends) } else { None });
        Self {
            form,
            end: match end {
                None => "\n",
                Some(LineEnds::Crlf) => "\r\n",
                Some(LineEnds::Cr) => "\r",
            },
            mark: faults.contains(&Fault::ByteOrderMark),
            data_lines: faults.contains(&Fault::DataLines),
            comments: faults.contains(&Fault::UnknownEvents),
        }
    }

    pub(in crate::server) fn content_type(self) -> &'static str {
        match self.form {
            Form::Events => "text/event-stream",
            Form::Lines => "application/x-ndjson",
            Form::List => "application/json",
        }
    }

    /// The events as bytes, one piece each.
    pub(in crate::server) fn write(self, frames: &[Frame]) -> Vec<String> {
        let mut out = Vec::with_capacity(frames.len());
        for (i, frame) in frames.iter().enumerate() {
            let mut text = String::with_capacity(frame.data.len() + 32);
            if i == 0 && self.mark {
                text.push('\u{feff}');
            }
            match self.form {
                Form::Events => self.event(&mut text, frame),
                Form::Lines => text.extend([frame.data.as_str(), self.end]),
                Form::List => {
                    text.extend([if i == 0 { "[" } else { ",\n" }, frame.data.as_str()]);
                    if i + 1 == frames.len() {
                        text.push(']');
                    }
                }
            }
            out.push(text);
        }
        out
    }

    fn event(self, text: &mut String, frame: &Frame) {
        let end = self.end;
        if self.comments {
            let _ = write!(text, ": a comment{end}{end}");
        }
        if let Some(event) = &frame.event {
            let _ = write!(text, "event: {event}{end}");
        }
        let pretty = || {
            let json: serde_json::Value = serde_json::from_str(&frame.data).ok()?;
            serde_json::to_string_pretty(&json).ok()
        };
        let lines = if self.data_lines { pretty() } else { None };
        for line in lines.as_deref().unwrap_or(&frame.data).split('\n') {
            let _ = write!(text, "data: {line}{end}");
        }
        text.push_str(end);
    }
}
