//! The layers and how they are merged: each leaf remembers where it came from, so that an error can say so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::key_lines::key_lines;
use super::settings::Settings;
use super::{ConfigError, DEFAULTS, keys, retired};
use crate::domain::Clock;

const ENVIRONMENT_PREFIX: &str = "GRADWATCH__";

/// What the command line and the environment say.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// Every `--set`, in order.
    pub set: Vec<String>,
    /// What the arguments of a subcommand say, as `--set` says it: it goes before all else, also before what is set for one
    /// dataset.
    pub command: Vec<String>,
    /// Environment variables; only those that start with `GRADWATCH__` count, and [`Clock::VARIABLE`].
    pub environment: Vec<(String, String)>,
}

/// A table under construction, with the origin of every leaf that is not a default.
struct Layers {
    merged: Table,
    /// What goes before what is set for one dataset.
    last: Table,
    origins: BTreeMap<String, String>,
    warnings: Vec<String>,
}

/// Finds, merges and checks the configuration.
///
/// Without `--config` the first of `./config.toml`, the user's and the system's configuration is read; none is fine.
///
/// # Errors
/// [`ConfigError`], for the first thing that is wrong.
pub fn load(overrides: &Overrides) -> Result<Settings, ConfigError> {
    let mut layers = Layers::defaults()?;
    let file = overrides.file.clone().or_else(default_file);
    if let Some(path) = &file {
        layers.add_file(path)?;
    }
    for (name, value) in &overrides.environment {
        if let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX) {
            layers.add_value(&key.to_lowercase().replace("__", "."), value, &format!("environment ({name})"));
        }
    }
    for text in overrides.set.iter().chain(&overrides.command) {
        let (key, value) = text.split_once('=').ok_or_else(|| ConfigError::NotAnOverride(text.clone()))?;
        layers.add_value(key.trim(), value.trim(), &format!("--set {text}"));
    }
    for (key, value) in overrides.command.iter().filter_map(|text| text.split_once('=')) {
        merge(&mut layers.last, nested(key, value), "", &|_| String::new(), &mut BTreeMap::new());
    }
    layers.into_settings(&base_folder(file.as_deref()), clock(&overrides.environment)?)
}

/// The environment alone says what dates the records: it is a matter of one run.
fn clock(environment: &[(String, String)]) -> Result<Clock, ConfigError> {
    let Some((_, seconds)) = environment.iter().find(|(name, _)| name == Clock::VARIABLE) else {
        return Ok(Clock::System);
    };
    let refused =
        |message| ConfigError::Key { origin: "environment".to_owned(), key: Clock::VARIABLE.to_owned(), message };
    Clock::fixed(seconds).map_err(refused)
}

impl Layers {
    fn defaults() -> Result<Self, ConfigError> {
        Ok(Self {
            merged: parse(DEFAULTS, "the built-in defaults")?,
            last: Table::new(),
            origins: BTreeMap::new(),
            warnings: Vec::new(),
        })
    }

    fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let origin = path.display().to_string();
        let lines = key_lines(&text);
        let line = |key: &str| lines.get(key).map_or_else(|| origin.clone(), |line| format!("{origin}, line {line}"));
        self.add(parse(&text, &origin)?, &origin, &line);
        Ok(())
    }

    fn add_value(&mut self, key: &str, value: &str, origin: &str) {
        self.add(nested(key, value), origin, &|_| origin.to_owned());
    }

    /// `place` says where in `origin` a key stands.
    fn add(&mut self, mut layer: Table, origin: &str, place: &dyn Fn(&str) -> String) {
        self.warnings.extend(retired::remove(&mut layer, origin));
        merge(&mut self.merged, layer, "", place, &mut self.origins);
    }

    fn into_settings(self, base: &Path, clock: Clock) -> Result<Settings, ConfigError> {
        let below =
            |key: &str| self.origins.iter().find(|(known, _)| known.starts_with(&format!("{key}."))).map(|(_, o)| o);
        let origin_of = |key: &str| {
            // What is set for a dataset may be wrong only beside what is set for all: then its table is where to look.
            let table = || key.match_indices('.').rev().find_map(|(end, _)| below(&key[..end]));
            let found = self.origins.get(key).or_else(|| below(key));
            let found = found.or_else(|| key.starts_with("dataset.").then(table).flatten());
            found.map_or_else(|| "the built-in defaults".to_owned(), Clone::clone)
        };
        let refused = |(key, message): (String, String)| ConfigError::Key { origin: origin_of(&key), key, message };
        let settings = keys::settings(self.merged, &self.last, base, clock).map_err(refused)?;
        Ok(Settings { warnings: self.warnings, ..settings })
    }
}

fn parse(text: &str, origin: &str) -> Result<Table, ConfigError> {
    toml::from_str(text).map_err(|error: toml::de::Error| ConfigError::NotToml {
        origin: match error.span() {
            Some(span) => format!("{origin}, line {}", text[..span.start].lines().count().max(1)),
            None => origin.to_owned(),
        },
        message: error.message().replace('\n', " "),
    })
}

/// A table that holds `value` under the dotted `key`, whose parts may be quoted. `value` is TOML if it parses, else a string.
fn nested(key: &str, value: &str) -> Table {
    let parsed = toml::from_str::<Table>(&format!("value = {value}")).ok();
    let value = parsed.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(value.into()));
    let parts = quoted(key).unwrap_or_else(|| key.split('.').map(str::to_owned).collect());
    let whole = parts.into_iter().rev().fold(value, |inner, part| Value::Table([(part, inner)].into_iter().collect()));
    if let Value::Table(table) = whole { table } else { Table::new() }
}

/// The parts of a key that quotes some of them, as `dataset."x.1".train`; `None` for all others.
fn quoted(key: &str) -> Option<Vec<String>> {
    let mut table = toml::from_str::<Table>(&format!("{key} = 0")).ok().filter(|_| key.contains(['"', '\'']))?;
    let mut parts = Vec::new();
    while let Some((part, inner)) = table.into_iter().next() {
        parts.push(part);
        let Value::Table(inner) = inner else { break };
        table = inner;
    }
    Some(parts)
}

fn merge(
    into: &mut Table,
    from: Table,
    prefix: &str,
    place: &dyn Fn(&str) -> String,
    origins: &mut BTreeMap<String, String>,
) {
    for (key, value) in from {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match (into.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(table)) => merge(inner, table, &path, place, origins),
            (None, Value::Table(table)) if !table.is_empty() => {
                let mut inner = Table::new();
                origins.insert(path.clone(), place(&path));
                merge(&mut inner, table, &path, place, origins);
                into.insert(key, Value::Table(inner));
            }
            (_, value) => {
                origins.insert(path.clone(), place(&path));
                into.insert(key, value);
            }
        }
    }
}

fn default_file() -> Option<PathBuf> {
    let user = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    let candidates = [Some(PathBuf::from("config.toml")), user.map(|dir| dir.join("gradwatch/config.toml"))];
    let system = PathBuf::from("/etc/gradwatch/config.toml");
    candidates.into_iter().flatten().chain([system]).find(|path| path.is_file())
}

fn base_folder(file: Option<&Path>) -> PathBuf {
    let folder = file.and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Device, WeightsChoice};

    fn with_file(text: &str, set: &[&str], environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        load(&Overrides {
            file: Some(path),
            set: set.iter().map(ToString::to_string).collect(),
            command: Vec::new(),
            environment: environment.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
        })
    }

    fn complaint(text: &str, set: &[&str]) -> String {
        with_file(text, set, &[]).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_file_is_the_default_layer() {
        let empty = with_file("", &[], &[]).unwrap();
        let shipped = with_file(DEFAULTS, &[], &[]).unwrap();
        // The folders differ, because each file stands in a folder of its own.
        let comparable = |mut s: Settings| {
            s.watch.inbox = PathBuf::new();
            s.state_dir = PathBuf::new();
            s.report.outbox = PathBuf::new();
            format!("{s:?}")
        };
        assert_eq!(comparable(empty), comparable(shipped));
    }

    #[test]
    fn later_layers_win() {
        let file = "train.max_epochs = 2\ntrain.seed = 2\ntrain.batch_size = 2";
        let environment = [("GRADWATCH__TRAIN__SEED", "3"), ("GRADWATCH__TRAIN__BATCH_SIZE", "3"), ("OTHER", "9")];
        let settings = with_file(file, &["train.batch_size=4"], &environment).unwrap();
        let train = settings.train;
        assert_eq!((train.max_epochs, train.seed, train.batch_size), (2, 3, 4));
    }

    #[test]
    fn values_on_the_command_line_need_no_quotes() {
        let set = ["compute.device=cuda:1", "backbone.weights=vgg.safetensors", "augment.recipe.rotation=7"];
        let settings = with_file("", &set, &[]).unwrap();
        assert_eq!(settings.compute.device, Device::Cuda(1));
        assert!(matches!(settings.backbone.weights, WeightsChoice::File(path) if path.ends_with("vgg.safetensors")));
        assert!((settings.augment.recipe.rotation - 7.0).abs() < f64::EPSILON);
    }

    #[test]
    fn paths_start_at_the_files_folder() {
        let settings = with_file("watch.inbox = '../in'\nstorage.state_dir = '/var/lib/x'", &[], &[]).unwrap();
        assert!(settings.watch.inbox.is_absolute() && settings.watch.inbox.ends_with("in"));
        assert!(!settings.watch.inbox.to_string_lossy().contains(".."));
        assert_eq!(settings.state_dir, Path::new("/var/lib/x"));
    }

    #[test]
    fn mistakes_name_their_place_their_key_and_what_would_do() {
        let unknown = complaint("[train]\nmax_epoch = 3", &[]);
        assert!(
            unknown.ends_with(
                "config.toml, line 2: `train.max_epoch`: unknown field `max_epoch`; did you mean `max_epochs`?"
            ),
            "{unknown}"
        );
        let section = complaint("\n[trian]\nmax_epochs = 3", &[]);
        assert!(
            section.ends_with("config.toml, line 2: `trian`: unknown field `trian`; did you mean `train`?"),
            "{section}"
        );
        let value = complaint("[train]\n\nmax_epochs = 'many'", &[]);
        assert!(value.contains("config.toml, line 3: `train.max_epochs`: "), "{value}");
        let syntax = complaint("a = 1\n\nb = = 2", &[]);
        assert!(syntax.contains("line 3"), "{syntax}");
        let set = complaint("", &["augment.recipe.zoom=[2, 1]"]);
        assert!(
            set.starts_with("--set augment.recipe.zoom=[2, 1]: `augment.recipe.zoom`: must be [low, high]"),
            "{set}"
        );
        let not = complaint("", &["train"]);
        assert!(not.contains("write --set section.key=value"), "{not}");
    }

    #[test]
    fn a_retired_key_is_warned_of_wherever_it_is_set_and_changes_nothing() {
        let advice = "is no longer a key: a training uses copies of 224 pixels, the network's input; remove it (`gradwatch augment --size` makes other sizes).";
        let chest =
            "[augment]\nsize = 128\nseed = 7\n[dataset.chest.augment]\nsize = 'x'\n[dataset.'x.1']\naugment.seed = 8";
        let set = ["dataset.\"x.1\".augment.size=224", "augment.copies=2"];
        let settings = with_file(chest, &set, &[("GRADWATCH__AUGMENT__SIZE", "224")]).unwrap();
        let expected = [
            ("config.toml: ", "augment.size"),
            ("config.toml: ", "dataset.chest.augment.size"),
            ("environment (GRADWATCH__AUGMENT__SIZE): ", "augment.size"),
            ("--set dataset.\"x.1\".augment.size=224: ", "dataset.x.1.augment.size"),
        ];
        assert_eq!(settings.warnings.len(), expected.len(), "{:?}", settings.warnings);
        for (warning, (origin, key)) in settings.warnings.iter().zip(expected) {
            assert!(warning.ends_with(&format!("{origin}{key} {advice}")), "{warning}");
        }
        assert_eq!((settings.augment.seed, settings.augment.quota.copies), (7, 2));
        assert_eq!(with_file("", &[], &[]).unwrap().warnings, [""; 0]);
    }

    #[test]
    fn rules_are_kept() {
        for (set, expected) in [
            ("storage.state_dir=watch/state", "is inside watch.inbox"),
            ("watch.inbox=state/in", "is inside storage.state_dir"),
            ("split.validation=0.95", "must be between"),
            ("split.group_pattern=abc", "needs a group in parentheses"),
            ("split.group_pattern=(", "is not a regular expression"),
            ("watch.settle=fast", "is not a duration"),
            ("compute.device=gpu", "is not a device"),
            ("log.level=loud", "expected one of"),
            ("augment.recipe.tilt=1", "is not part of a recipe"),
        ] {
            let message = complaint("", &[set]);
            assert!(message.contains(expected) && !message.contains('\n'), "{set}: {message}");
        }
        let flip = complaint("", &["augment.preset=chest-xray", "augment.recipe.horizontal_flip=0.5"]);
        assert!(flip.contains("wrong anatomy"), "{flip}");
    }
}
