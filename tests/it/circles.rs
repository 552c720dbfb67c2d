//! No file imports another that, by however many steps, imports it: whoever reads a file reads what it stands on first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::layout::{captures, compiled};

/// A declaration that begins a line; what it names.
const USE: &str = r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use ([\w:{},\s]+);";

/// A module's path from the crate's root, as `["nn", "engine"]`.
type ModulePath = Vec<String>;

/// The program's modules, with their code outside tests.
struct Modules(BTreeMap<ModulePath, Module>);

struct Module {
    /// Without its tests and comments.
    code: String,
    /// Every path that its use declarations name.
    uses: Vec<String>,
}

/// The paths that a use declaration names: `a::{b, c::{self, D}}` names `a::b`, `a::c` and `a::c::D`.
fn paths_of(declaration: &str) -> Vec<String> {
    let Some(open) = declaration.find('{') else {
        return vec![declaration.split(" as ").next().unwrap().trim().to_owned()];
    };
    let (prefix, inner) = (&declaration[..open], &declaration[open + 1..declaration.rfind('}').unwrap()]);
    let (mut depth, mut items, mut item) = (0, Vec::new(), String::new());
    for letter in inner.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(std::mem::take(&mut item)),
            _ => {}
        }
        if letter != ',' || depth > 0 {
            item.push(letter);
        }
    }
    items.push(item);
    let items = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
    let named = items.flat_map(paths_of).map(|path| format!("{prefix}{path}"));
    named.map(|path| path.trim_end_matches("::self").to_owned()).collect()
}

impl Modules {
    fn of_the_program() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut modules = BTreeMap::new();
        for entry in walkdir::WalkDir::new(&root).into_iter().map(|entry| entry.unwrap()) {
            let path = entry.path().strip_prefix(&root).unwrap();
            if path.extension().is_none_or(|extension| extension != "rs") || path.ends_with("tests.rs") {
                continue;
            }
            let module = path.with_extension("");
            let module: ModulePath = module.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if module.iter().any(|part| part == "tests" || part == "main" || part == "lib") {
                continue;
            }
            modules.insert(module, Module::new(&fs::read_to_string(entry.path()).unwrap()));
        }
        Self(modules)
    }

    /// The module that a path written in `from` begins with, and the item in it, if the path goes on.
    fn resolve(&self, from: &ModulePath, path: &str) -> Option<(ModulePath, Option<String>)> {
        let mut base = from.clone();
        let mut rest: Vec<&str> = path.split("::").collect();
        match rest.first()? {
            &"crate" => {
                base.clear();
                rest.remove(0);
            }
            &"self" => {
                rest.remove(0);
            }
            &"super" => {
                while rest.first() == Some(&"super") {
                    base.pop();
                    rest.remove(0);
                }
            }
            first => {
                base.push((*first).to_owned());
                if !self.0.contains_key(&base) {
                    return None;
                }
                base.pop();
            }
        }
        while let Some(next) = rest.first() {
            base.push((*next).to_owned());
            if !self.0.contains_key(&base) {
                base.pop();
                break;
            }
            rest.remove(0);
        }
        Some((base, rest.first().map(|item| (*item).to_owned())))
    }

    /// The module that defines an item that `module` names, behind its imports and re-exports.
    fn home(&self, module: &ModulePath, item: &str) -> ModulePath {
        let (mut module, mut item) = (module.clone(), item.to_owned());
        let mut seen = BTreeSet::new();
        while seen.insert((module.clone(), item.clone())) {
            let named = |path: &&String| path.rsplit("::").next() == Some(&item);
            let uses = self.0.get(&module).map_or(&[][..], |module| &module.uses);
            let mut resolved = uses.iter().filter(named).filter_map(|path| self.resolve(&module, path));
            let Some((other, Some(same))) = resolved.find(|(other, same)| *other != module && same.is_some()) else {
                break;
            };
            (module, item) = (other, same);
        }
        module
    }

    /// The other modules whose items `module` names in its own code; what it only hands on is not counted.
    fn imports(&self, module: &ModulePath) -> BTreeSet<ModulePath> {
        let code = &self.0[module].code;
        let body = compiled(r"(?m)^\s*pub(?:\([^)]*\))? use [^;]+;|^\s*mod \w+;").replace_all(code, "");
        let declared = captures(USE, &body);
        let declared: Vec<String> = declared.iter().flat_map(|declaration| paths_of(declaration)).collect();
        let body = compiled(USE).replace_all(&body, "");
        let mut named = captures(r"\b((?:crate|super|self)(?:::\w+)+)", &body);
        for path in &declared {
            match self.resolve(module, path) {
                // A module: what is named through it counts.
                Some((_, None)) => {
                    let alias = path.rsplit("::").next().unwrap();
                    let items = captures(&format!(r"(?:^|[^:\w]){alias}::(\w+)"), &body);
                    named.extend(items.iter().map(|item| format!("{path}::{item}")));
                }
                Some(_) => named.push(path.clone()),
                None => {}
            }
        }
        for child in captures(r"\bmod (\w+);", code) {
            let items = captures(&format!(r"(?:^|[^:\w]){child}::(\w+)"), &body);
            named.extend(items.iter().map(|item| format!("self::{child}::{item}")));
        }
        let homes = named.iter().filter_map(|path| {
            let (other, item) = self.resolve(module, path)?;
            Some(item.map_or(other.clone(), |item| self.home(&other, &item)))
        });
        homes.filter(|home| home != module && self.0.contains_key(home)).collect()
    }
}

impl Module {
    fn new(text: &str) -> Self {
        let program = text.split("#[cfg(test)]\nmod ").next().unwrap();
        let lines = program.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = lines.collect::<Vec<_>>().join("\n");
        // What is for tests alone, and who may see an item, is no import.
        let for_tests = compiled(r"(?m)^#\[cfg\(test\)\]\n(?:[^\n]*;$|(?s:.*?)\n\}$)");
        let code = for_tests.replace_all(&code, "").replace("pub(in crate::", "pub(in ");
        let uses = captures(USE, &code).iter().flat_map(|declaration| paths_of(declaration)).collect();
        Self { code, uses }
    }
}

/// What can be reached from `start`, over one arrow or more.
fn reached<'a>(arrows: &'a BTreeMap<ModulePath, BTreeSet<ModulePath>>, start: &ModulePath) -> BTreeSet<&'a ModulePath> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![start.clone()]);
    while let Some(module) = next.pop() {
        for other in &arrows[&module] {
            if reached.insert(other) {
                next.push(other.clone());
            }
        }
    }
    reached
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let modules = Modules::of_the_program();
    let arrows: BTreeMap<_, _> = modules.0.keys().map(|module| (module.clone(), modules.imports(module))).collect();
    assert!(arrows.values().map(BTreeSet::len).sum::<usize>() > 1000, "the imports are not read");
    let reached: BTreeMap<_, _> = arrows.keys().map(|module| (module, reached(&arrows, module))).collect();
    let in_circles: Vec<_> = arrows.keys().filter(|module| reached[module].contains(module)).collect();
    let list = |from: &&ModulePath| {
        let in_circle = arrows[*from].iter().filter(|to| reached[to].contains(*from)).map(|to| to.join("::"));
        format!("{} -> {}", from.join("::"), in_circle.collect::<Vec<_>>().join(", "))
    };
    let listed: Vec<_> = in_circles.iter().map(list).collect();
    assert!(listed.is_empty(), "files in circles:\n{}", listed.join("\n"));
}

#[test]
fn use_declarations_are_read_as_the_compiler_reads_them() {
    assert_eq!(paths_of("crate::a::B"), ["crate::a::B"]);
    assert_eq!(paths_of("super::{a::{self, B}, c as d}"), ["super::a", "super::a::B", "super::c"]);
    let code = Module::new;
    let modules = Modules(BTreeMap::from([
        (vec!["a".to_owned()], code("mod b;\npub use b::Thing;")),
        (vec!["a".to_owned(), "b".to_owned()], code("use crate::c;\nfn f() { c::g() }")),
        (vec!["c".to_owned()], code("use crate::a::Thing;")),
    ]));
    let imports = |path: &[&str]| modules.imports(&path.iter().map(|part| (*part).to_owned()).collect());
    assert_eq!(imports(&["c"]), BTreeSet::from([vec!["a".to_owned(), "b".to_owned()]]));
    assert_eq!(imports(&["a", "b"]), BTreeSet::from([vec!["c".to_owned()]]));
    assert_eq!(imports(&["a"]), BTreeSet::new());
}
