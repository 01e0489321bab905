//! Ids of calls of tools and their results.

/// Ids of calls. Where there is none, one is made; the order of calls and results then tells which belong together.
#[derive(Debug, Default)]
pub(super) struct Ids {
    made: usize,
    /// Calls without a result so far: the tool's name and the id.
    open: Vec<(String, String)>,
}

impl Ids {
    pub(super) fn call(&mut self, id: Option<&str>, name: &str) -> String {
        self.made += 1;
        let id = id.map_or_else(|| format!("call_{}", self.made), str::to_owned);
        self.open.push((name.to_owned(), id.clone()));
        id
    }

    pub(super) fn result(&mut self, id: Option<&str>, name: &str) -> String {
        let id = id.map(str::to_owned);
        let by_id = |id: &String| self.open.iter().position(|(_, open)| open == id);
        let at = match &id {
            Some(id) => by_id(id),
            None => {
                self.open.iter().position(|(n, _)| n == name).or(Some(0).filter(|_| !self.open.is_empty()))
            }
        };
        let found = at.map(|at| self.open.remove(at).1);
        id.or(found).unwrap_or_else(|| "call_0".to_owned())
    }
}
