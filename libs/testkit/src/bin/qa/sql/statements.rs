//! The statements in a Rust source, as far as they stand there.
//!
//! A statement is written as `Sql::new("…")`, completed by `push`, `arg`, `list` and `rows`, or is a text on its own. What
//! is put together from parts is put together here in the order of the source: of two branches the first, of a loop one
//! round, a constant by its name, and a variable as a parameter or a name.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprIf, ExprMatch, ExprMethodCall, ItemConst, ItemMod, Lit, Local, Macro, Pat};

/// The words that statements begin with.
const BEGINNINGS: [&str; 9] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "DECLARE ", "EXEC ", "IF ", "WITH ", "SET "];

/// Texts that have a name, and where.
pub(crate) struct Constants(Vec<(PathBuf, HashMap<String, String>)>);

impl Constants {
    /// Those of these files.
    pub(crate) fn of(files: &[PathBuf]) -> Result<Self> {
        struct Found(HashMap<String, String>);
        impl<'ast> Visit<'ast> for Found {
            fn visit_item_const(&mut self, item: &'ast ItemConst) {
                if let Some(text) = literal(&item.expr) {
                    self.0.insert(item.ident.to_string(), text);
                }
            }
        }
        let mut all = vec![];
        for file in files {
            let mut found = Found(HashMap::new());
            found.visit_file(&parse(file)?);
            all.push((file.clone(), found.0));
        }
        Ok(Self(all))
    }

    /// What the name stands for in `file`: what the file itself says, else what one near it does.
    fn get(&self, file: &Path, name: &str) -> Option<&String> {
        let own = self.0.iter().filter(|(place, _)| place == file);
        let below = |ancestor: Option<&Path>| {
            let ancestor = ancestor.map(Path::to_owned);
            self.0.iter().filter(move |(place, _)| ancestor.as_ref().is_some_and(|dir| place.starts_with(dir)))
        };
        let (beside, above) = (file.parent(), file.parent().and_then(Path::parent));
        own.chain(below(beside)).chain(below(above)).find_map(|(_, texts)| texts.get(name))
    }
}

/// The statements of one file, each under a line that says where it is from.
pub(crate) fn in_file(file: &Path, constants: &Constants) -> Result<Vec<String>> {
    let mut reader = Reader { constants, file, function: String::new(), open: vec![], done: vec![] };
    reader.visit_file(&parse(file)?);
    reader.end_function();
    Ok(reader.done.into_iter().map(|(function, text)| format!("-- {}: {function}\n{text}", file.display())).collect())
}

fn parse(file: &Path) -> Result<syn::File> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    syn::parse_file(&text).with_context(|| format!("cannot parse {}", file.display()))
}

/// A statement that is being put together, under the name of its variable.
struct Open {
    variable: String,
    text: String,
    /// Whether its beginning was seen; else it is added to what somebody else began.
    whole: bool,
}

struct Reader<'a> {
    constants: &'a Constants,
    file: &'a Path,
    function: String,
    open: Vec<Open>,
    done: Vec<(String, String)>,
}

impl Reader<'_> {
    fn begin(&mut self, variable: &str, text: String, whole: bool) {
        self.open.push(Open { variable: variable.to_owned(), text, whole });
    }

    /// Adds to the statement in that variable, or to the one just begun. One that was handed to the function is called
    /// `sql` or `batch`; what is pushed to anything else is no part of a statement.
    fn add(&mut self, variable: Option<&str>, text: &str) {
        let named = self.open.iter().rposition(|open| Some(open.variable.as_str()) == variable);
        match (named, variable) {
            (Some(at), _) => self.open[at].text.push_str(text),
            (None, None) => match self.open.last_mut() {
                Some(open) => open.text.push_str(text),
                None => self.begin("", text.to_owned(), false),
            },
            (None, Some(handed @ ("sql" | "batch"))) => self.begin(handed, text.to_owned(), false),
            (None, Some(_)) => {}
        }
    }

    fn end_function(&mut self) {
        for open in std::mem::take(&mut self.open) {
            let text = open.text.trim().trim_end_matches(';').trim().to_owned();
            // In a file with both dialects, `?1` is the other one.
            if (open.whole && !text.is_empty() || is_statement(&text)) && !text.contains("?1") {
                self.done.push((self.function.clone(), format!("{text};")));
            }
        }
    }

    fn in_function(&mut self, name: &syn::Ident, walk: impl FnOnce(&mut Self)) {
        self.end_function();
        let outer = std::mem::replace(&mut self.function, name.to_string());
        walk(self);
        self.end_function();
        self.function = outer;
    }

    /// What an argument contributes to a text.
    fn text_of(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Reference(reference) => self.text_of(&reference.expr),
            Expr::Path(path) => self.constants.get(self.file, &path.path.segments.last()?.ident.to_string()).cloned(),
            Expr::Macro(call) if call.mac.path.is_ident("format") => self.formatted(&call.mac),
            // Of two ways to say it, the first.
            Expr::If(branch) => branch.then_branch.stmts.last().and_then(|stmt| match stmt {
                syn::Stmt::Expr(expr, None) => self.text_of(expr),
                _ => None,
            }),
            other => literal(other),
        }
    }

    /// A formatted text, with constants by their names and a name, or a row of one, for whatever else.
    fn formatted(&self, mac: &Macro) -> Option<String> {
        let first = mac.tokens.clone().into_iter().next()?;
        let template = syn::parse2::<syn::LitStr>(first.into()).ok()?.value();
        let mut text = String::new();
        let mut rest = template.as_str();
        while let Some(at) = rest.find('{') {
            text.push_str(&rest[..at]);
            let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
            let name = rest[at..end].trim_matches(['{', '}']);
            let unknown = if text.trim_end().ends_with("VALUES") { "(x)" } else { "x" };
            text.push_str(self.constants.get(self.file, name).map_or(unknown, String::as_str));
            rest = &rest[end..];
        }
        Some(text + rest)
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        if let Some(text) = literal(&item.expr).filter(|text| is_statement(text) && !text.contains("?1")) {
            self.done.push((item.ident.to_string(), text));
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.in_function(&item.sig.ident, |reader| visit::visit_item_fn(reader, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.in_function(&item.sig.ident, |reader| visit::visit_impl_item_fn(reader, item));
    }

    fn visit_local(&mut self, local: &'ast Local) {
        let before = self.open.len();
        visit::visit_local(self, local);
        if let (Pat::Ident(name), Some(open)) = (&local.pat, self.open.get_mut(before)) {
            open.variable = name.ident.to_string();
        }
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        let name = path_of(&call.func);
        match (name.as_str(), call.args.first()) {
            ("Sql::new", Some(argument)) => match self.text_of(argument) {
                Some(text) => self.begin("", text, true),
                None => visit::visit_expr_call(self, call),
            },
            ("Sql::default", _) => self.begin("", String::new(), true),
            _ => visit::visit_expr_call(self, call),
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.visit_expr(&call.receiver);
        let variable = root_of(&call.receiver);
        let method = call.method.to_string();
        match (method.as_str(), call.args.first()) {
            ("push", Some(argument)) => match self.text_of(argument) {
                Some(text) => self.add(variable.as_deref(), &text),
                // A name that only the running program knows.
                None if root_of(argument).is_some() => self.add(variable.as_deref(), "x"),
                None => self.visit_expr(argument),
            },
            ("arg" | "list", _) => self.add(variable.as_deref(), "@P1"),
            ("rows", _) => self.add(variable.as_deref(), "(@P1)"),
            _ => call.args.iter().for_each(|argument| self.visit_expr(argument)),
        }
    }

    fn visit_expr_if(&mut self, branch: &'ast ExprIf) {
        self.visit_expr(&branch.cond);
        let before: usize = self.open.iter().map(|open| open.text.len()).sum();
        self.visit_block(&branch.then_branch);
        let after: usize = self.open.iter().map(|open| open.text.len()).sum();
        if let (Some((_, other)), true) = (&branch.else_branch, before == after) {
            self.visit_expr(other);
        }
    }

    fn visit_expr_match(&mut self, choice: &'ast ExprMatch) {
        self.visit_expr(&choice.expr);
        for arm in &choice.arms {
            let before: usize = self.open.iter().map(|open| open.text.len()).sum();
            self.visit_arm(arm);
            if before != self.open.iter().map(|open| open.text.len()).sum::<usize>() {
                return;
            }
        }
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        if is_statement(&text.value()) {
            self.begin("", text.value(), false);
        }
    }
}

fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn is_statement(text: &str) -> bool {
    let text = text.trim_start();
    BEGINNINGS.iter().any(|word| text.starts_with(word) || text.starts_with(&word.replace(' ', "\n")))
}

fn path_of(expr: &Expr) -> String {
    let Expr::Path(path) = expr else { return String::new() };
    let names: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    names.join("::")
}

/// The variable at the beginning of a chain of calls.
fn root_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::MethodCall(call) => root_of(&call.receiver),
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        Expr::Reference(reference) => root_of(&reference.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Vec<String> {
        let file = tempfile::Builder::new().suffix(".rs").tempfile().unwrap();
        fs::write(file.path(), source).unwrap();
        let constants = Constants::of(&[file.path().to_owned()]).unwrap();
        let found = in_file(file.path(), &constants).unwrap();
        found.into_iter().map(|text| text.split_once('\n').unwrap().1.to_owned()).collect()
    }

    #[test]
    fn a_statement_is_put_together_as_the_source_puts_it_together() {
        let source = r#"
            const COLUMNS: &str = "a, b";
            fn find(all: bool) {
                let mut sql = Sql::new("SELECT TOP (");
                sql.arg(limit).push(") ").push(COLUMNS).push(" FROM t WHERE id IN (");
                let other = Sql::new(format!("DELETE FROM {name} WHERE n = @P1")).bind(n);
                for id in ids { sql.list(ids); }
                if all { sql.push(")"); } else { sql.push("NOT THIS"); }
            }"#;
        assert_eq!(read(source), ["SELECT TOP (@P1) a, b FROM t WHERE id IN (@P1);", "DELETE FROM x WHERE n = @P1;"]);
    }

    #[test]
    fn a_text_on_its_own_is_a_statement_when_it_begins_like_one() {
        let source = r#"fn f() { session.query("SELECT 1"); session.hint("no statement"); }"#;
        assert_eq!(read(source), ["SELECT 1;"]);
    }
}
