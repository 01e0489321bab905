//! The state of a repair: the place in the text, the contexts around it, the budgets and the ways to look ahead;
//! also decides which kind of value starts at a place. The kinds themselves are read elsewhere.

use dspex_core::Value;

use super::RepairError;
use super::chars::{is_alnum, is_alpha, is_bare_key, is_content, is_digit, is_quote, is_space};
use super::text::Text;
use crate::parse::limit::MAX_VALUES;

/// How many calls Python's default recursion limit leaves below `json_repair.loads`, called from a script.
const MAX_FRAMES: usize = 995;

/// Characters that may be looked at beyond what the length of the text allows.
const BASE_STEPS: u64 = 2_000_000;

/// Characters that may be looked at for each character of the text.
const STEPS_PER_CHAR: u64 = 4;

/// What starting a part of the repair costs, as so many characters: to make a value of a bracket takes longer than to
/// look at it.
const STEPS_PER_PART: usize = 8;

/// How many ranges are remembered for each target of a search.
const SPANS: usize = 4;

/// What the parser is inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Key,
    Member,
    Array,
}

/// The contexts around the place in the text, innermost last.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    stack: Vec<Context>,
    /// How many of each kind are on the stack.
    counts: [usize; 3],
}

impl Contexts {
    pub(super) fn enter(&mut self, context: Context) {
        self.stack.push(context);
        self.counts[context as usize] += 1;
    }

    pub(super) fn leave(&mut self) {
        if let Some(context) = self.stack.pop() {
            self.counts[context as usize] -= 1;
        }
    }

    pub(super) fn clear(&mut self) {
        self.stack.clear();
        self.counts = [0; 3];
    }

    pub(super) fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    /// Whether the innermost context is this one.
    pub(super) fn is(&self, context: Context) -> bool {
        self.stack.last() == Some(&context)
    }

    /// Whether any context around is this one.
    pub(super) fn within(&self, context: Context) -> bool {
        self.counts[context as usize] > 0
    }
}

/// Characters that a search stops at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    One(char),
    /// The character or a closing square bracket.
    OrBracket(char),
    /// Any quote, or a bracket that opens an object or a list.
    QuoteOrOpener,
    /// Any quote, or a closing brace.
    QuoteOrBrace,
}

impl Target {
    fn holds(self, c: char) -> bool {
        match self {
            Self::One(one) => c == one,
            Self::OrBracket(one) => c == one || c == ']',
            Self::QuoteOrOpener => is_quote(c) || c == '{' || c == '[',
            Self::QuoteOrBrace => is_quote(c) || c == '}',
        }
    }
}

/// Results of searches for a target: from any place of a span, the next hit is the span's end.
#[derive(Debug)]
struct Searches {
    target: Target,
    /// Start and hit; the hit is the length of the text where there was none.
    spans: [Option<(usize, usize)>; SPANS],
    next: usize,
}

/// How many quotes there are from a place to the end of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct QuoteCount {
    pub(super) quote: char,
    pub(super) from: usize,
    /// Where the closing bracket or the end of the text is.
    pub(super) end: usize,
    pub(super) even: bool,
}

/// A repair under way.
#[derive(Debug)]
pub(super) struct Parser {
    pub(super) text: Text,
    pub(super) pos: usize,
    pub(super) contexts: Contexts,
    /// Key contexts that the next value is read in; see [`Parser::object`].
    pub(super) deferred_keys: usize,
    /// Whether strict reading was tried on a value within the text.
    pub(super) tried_strict: bool,
    /// Whether content of the text was left out.
    pub(super) dropped: bool,
    /// Where the language word behind the last code fence ends.
    fence_end: usize,
    frames: usize,
    values: usize,
    steps_left: u64,
    searches: Vec<Searches>,
    /// The last count of quotes; see [`Parser::closing_quote`].
    pub(super) counted: Option<QuoteCount>,
}

impl Parser {
    pub(super) fn new(text: &str) -> Self {
        let text = Text::new(text);
        let steps_left = BASE_STEPS + STEPS_PER_CHAR * text.len() as u64;
        Self {
            text,
            pos: 0,
            contexts: Contexts::default(),
            deferred_keys: 0,
            tried_strict: false,
            dropped: false,
            fence_end: 0,
            frames: 0,
            values: 0,
            steps_left,
            searches: Vec::new(),
            counted: None,
        }
    }

    // --- budgets ---

    /// Starts a part of the repair for which Python goes that many calls deeper. After an error nothing goes on,
    /// so that only parts that succeed have to [`Parser::ascend`] again.
    pub(super) fn descend(&mut self, frames: usize) -> Result<(), RepairError> {
        self.frames += frames;
        self.charge(STEPS_PER_PART);
        if self.frames > MAX_FRAMES { Err(RepairError::TooDeep) } else { Ok(()) }
    }

    /// Ends what [`Parser::descend`] started.
    pub(super) fn ascend(&mut self, frames: usize) {
        self.frames -= frames;
    }

    /// Counts characters looked at. Searches never fail for want of budget; [`Parser::step`] does afterwards.
    pub(super) fn charge(&mut self, steps: usize) {
        self.steps_left = self.steps_left.saturating_sub(steps as u64);
    }

    /// Counts one step of a loop that makes progress only if other parts do.
    pub(super) fn step(&mut self) -> Result<(), RepairError> {
        self.charge(1);
        if self.steps_left == 0 { Err(RepairError::TooTangled) } else { Ok(()) }
    }

    /// Counts a value of the text.
    pub(super) fn count_value(&mut self) -> Result<(), RepairError> {
        self.values += 1;
        if self.values > MAX_VALUES { Err(RepairError::TooMany) } else { Ok(()) }
    }

    // --- looking around ---

    pub(super) fn at(&self, pos: usize) -> Option<char> {
        self.text.at(pos)
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.at(self.pos)
    }

    /// The character before a place.
    pub(super) fn before(&self, pos: usize) -> Option<char> {
        pos.checked_sub(1).and_then(|before| self.text.at(before))
    }

    /// The first place from `from` on where the condition holds, or where the text has ended.
    pub(super) fn seek(&mut self, from: usize, mut wanted: impl FnMut(char) -> bool) -> usize {
        let mut pos = from;
        while self.at(pos).is_some_and(|c| !wanted(c)) {
            pos += 1;
        }
        self.charge(pos - from + 1);
        pos
    }

    /// The first place from `from` on that is not white space.
    pub(super) fn skip_space_from(&mut self, from: usize) -> usize {
        self.seek(from, |c| !is_space(c))
    }

    /// The first place from `from` on that no character of a bare key stands at.
    pub(super) fn skip_bare_key_from(&mut self, from: usize) -> usize {
        self.seek(from, |c| !is_bare_key(c))
    }

    /// The first place from `from` on where a target stands that no backslash escapes, or the length of the text.
    /// Backslashes before `from` do not count.
    pub(super) fn find(&mut self, target: Target, from: usize) -> usize {
        let first = self.seek(from, |c| c != '\\');
        let Some(c) = self.at(first) else { return self.text.len() };
        if target.holds(c) && (first - from).is_multiple_of(2) {
            return first;
        }
        self.find_after_plain(target, first + 1)
    }

    /// [`Parser::find`] from a place that no backslash stands before. Results are remembered, so that asking again
    /// and again on the way to a far target stays cheap.
    fn find_after_plain(&mut self, target: Target, from: usize) -> usize {
        let slot = self.searches.iter().position(|s| s.target == target).unwrap_or_else(|| {
            self.searches.push(Searches { target, spans: [None; SPANS], next: 0 });
            self.searches.len() - 1
        });
        let known = self.searches[slot].spans;
        if let Some((_, hit)) = known.iter().flatten().find(|(start, hit)| (*start..=*hit).contains(&from)) {
            return *hit;
        }
        // The search may run into a span that is known already.
        let next_known = known.iter().flatten().filter(|(start, _)| *start > from).min().copied();
        let mut pos = from;
        let mut escaped = false;
        let hit = loop {
            match self.at(pos) {
                None => break self.text.len(),
                Some(_) if next_known.is_some_and(|(start, _)| start == pos) => {
                    break next_known.map_or(pos, |(_, hit)| hit);
                }
                Some('\\') => escaped = !escaped,
                Some(c) if !escaped && target.holds(c) => break pos,
                Some(_) => escaped = false,
            }
            pos += 1;
        };
        self.charge(pos - from + 1);
        let search = &mut self.searches[slot];
        search.spans[search.next] = Some((from, hit));
        search.next = (search.next + 1) % SPANS;
        hit
    }

    /// Puts other text in the place of a range.
    pub(super) fn rewrite(&mut self, range: std::ops::Range<usize>, with: &str) {
        self.searches.clear();
        self.counted = None;
        self.text.replace(range, with);
    }

    // --- moving on ---

    /// Moves past white space.
    pub(super) fn skip_space(&mut self) {
        self.pos = self.skip_space_from(self.pos);
    }

    /// Moves past one character, which the value will lack.
    pub(super) fn discard(&mut self) {
        if !self.dropped
            && let Some(c) = self.peek()
            && self.pos >= self.fence_end
        {
            if c == '`' && self.text.starts_with(self.pos, "```") {
                self.fence_end = self.seek(self.pos + 3, |c| !is_alnum(c));
            } else {
                self.dropped = is_content(c);
            }
        }
        self.pos += 1;
    }

    // --- values ---

    /// Reads the next value. Where the text ends first, it is the empty string.
    pub(super) fn value(&mut self) -> Result<Value, RepairError> {
        let keys = std::mem::take(&mut self.deferred_keys);
        let frames = if keys == 0 { 1 } else { 2 };
        self.descend(frames)?;
        self.count_value()?;
        for _ in 0..keys {
            self.contexts.enter(Context::Key);
        }
        // Values nest through here: what this function keeps on the stack limits how deep they can.
        let value = match self.find_value()? {
            Found::Sound(value) => Ok(value),
            Found::Object => self.object(),
            Found::List => self.list(),
            Found::Parenthesis => self.parenthesized(),
            Found::String => self.string(),
            Found::Number => self.number(),
            Found::Comment => self.comment(),
        };
        for _ in 0..keys {
            self.contexts.leave();
        }
        self.ascend(frames);
        value
    }

    /// Moves to where a value starts: behind the bracket that opens it, or to its first character.
    fn find_value(&mut self) -> Result<Found, RepairError> {
        let mut may_lack_brace = self.pos == 0 && self.contexts.is_empty();
        while let Some(c) = self.peek() {
            self.step()?;
            let inside = !self.contexts.is_empty();
            match c {
                '{' | '[' => {
                    if let Some(value) = self.sound_value()? {
                        return Ok(Found::Sound(value));
                    }
                    self.pos += 1;
                    return Ok(if c == '{' { Found::Object } else { Found::List });
                }
                '(' if inside || self.parenthesis_starts_value() => return Ok(Found::Parenthesis),
                _ if inside && (is_quote(c) || is_alpha(c)) => return Ok(Found::String),
                _ if inside && (is_digit(c) || c == '-' || c == '.') => return Ok(Found::Number),
                '#' | '/' => return Ok(Found::Comment),
                _ if is_quote(c) && may_lack_brace => {
                    may_lack_brace = false;
                    if let Some(value) = self.object_without_brace(c)? {
                        return Ok(Found::Sound(value));
                    }
                }
                _ => {}
            }
            self.discard();
        }
        Ok(Found::Sound(Value::from("")))
    }
}

/// The kind of value that starts at a place.
enum Found {
    /// One that is read already.
    Sound(Value),
    Object,
    List,
    Parenthesis,
    String,
    Number,
    Comment,
}
