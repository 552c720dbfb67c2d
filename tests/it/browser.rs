//! A real headless Chromium, driven over its debugging pipe: loads a page, tells what went wrong and what was asked of
//! the network, evaluates expressions and presses keys.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bed::tool;

/// A page is a file on this disk; what takes longer has hung.
const LIMIT: Duration = Duration::from_secs(60);

pub struct Browser {
    child: Child,
    commands: File,
    messages: Receiver<Value>,
    /// What came in while something else was waited for.
    seen: Vec<Value>,
    session: Option<String>,
    next_id: u64,
    _dir: TempDir,
}

/// The browser of this machine, as `scripts/browser-for-tests` looks for it.
fn program() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Some(path.into());
    }
    let elsewhere =
        ["chromium-browser", "google-chrome", "google-chrome-stable"].map(|name| Path::new("/usr/bin").join(name));
    elsewhere.into_iter().find(|path| path.is_file()).or_else(|| tool("chromium"))
}

impl Browser {
    /// `None` where this machine has no browser (then it has been said; with `CI=true` it is a failure).
    pub fn start() -> Option<Self> {
        let program = program()?;
        let dir = tempfile::tempdir().unwrap();
        let pipe = |name: &str| {
            let path = dir.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let (commands, answers) = (pipe("commands"), pipe("answers"));
        // The shell only lays the two pipes where Chromium looks for them; the program and its flags are arguments.
        let child = Command::new("sh")
            .args(["-c", r#"exec "$@" 3<"$COMMANDS" 4>"$ANSWERS""#, "sh"])
            .arg(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .arg(format!("--user-data-dir={}", dir.path().join("profile").display()))
            .args(["--remote-debugging-pipe", "about:blank"])
            .env("COMMANDS", &commands)
            .env("ANSWERS", &answers)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = fs::OpenOptions::new().write(true).open(commands).unwrap();
        let messages = listen(File::open(answers).unwrap());
        let mut browser = Self { child, commands, messages, seen: Vec::new(), session: None, next_id: 0, _dir: dir };
        browser.attach();
        Some(browser)
    }

    fn attach(&mut self) {
        let target = self.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attached = self.call("Target.attachToTarget", &json!({"targetId": target["targetId"], "flatten": true}));
        self.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), &json!({}));
        }
    }

    /// Loads a file, and returns when it has loaded.
    pub fn open(&mut self, file: &Path) {
        self.seen.clear();
        let url = format!(
            "file://{}",
            file.to_str().unwrap().replace('%', "%25").replace('#', "%23").replace('?', "%3F").replace(' ', "%20")
        );
        let answer = self.call("Page.navigate", &json!({"url": url}));
        assert_eq!(answer["errorText"], Value::Null, "{url}");
        self.wait_for(|message| message["method"] == "Page.loadEventFired");
    }

    /// Everything since the page was opened that a developer would see in red: exceptions, refused resources, errors.
    pub fn complaints(&mut self) -> Vec<String> {
        self.value("1"); // what was said before this answer has arrived with it
        let red = |message: &&Value| {
            let level = &message["params"]["entry"]["level"];
            message["method"] == "Runtime.exceptionThrown"
                || message["method"] == "Log.entryAdded" && (level == "error" || level == "warning")
                || message["method"] == "Runtime.consoleAPICalled"
                || message["method"] == "Network.loadingFailed"
        };
        self.seen.iter().filter(red).map(Value::to_string).collect()
    }

    /// The addresses that were asked for, but for what the page holds itself and what its policy kept from being sent.
    pub fn requests(&mut self) -> Vec<String> {
        self.value("1");
        let of_kind = |method: &'static str| self.seen.iter().filter(move |message| message["method"] == method);
        let refused: Vec<&Value> = of_kind("Network.loadingFailed")
            .filter(|message| message["params"]["blockedReason"] == "csp")
            .map(|message| &message["params"]["requestId"])
            .collect();
        let sent = of_kind("Network.requestWillBeSent")
            .map(|message| &message["params"])
            .filter(|sent| !refused.contains(&&sent["requestId"]));
        let addresses = sent.map(|sent| sent["request"]["url"].as_str().unwrap().to_owned());
        addresses.filter(|address| !address.starts_with("data:")).collect()
    }

    /// The value of a JavaScript expression, in the page.
    #[track_caller]
    pub fn value(&mut self, expression: &str) -> Value {
        let answer = self
            .call("Runtime.evaluate", &json!({"expression": expression, "returnByValue": true, "awaitPromise": true}));
        assert_eq!(answer["exceptionDetails"], Value::Null, "{expression}");
        answer["result"]["value"].clone()
    }

    /// Presses one key, as a user would; `code` is its virtual key code.
    pub fn press(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// Types into what has the focus.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", &json!({"text": text}));
    }

    /// Another width of the window, in pixels, and the reader's preference for `light` or `dark`.
    pub fn look(&mut self, width: u32, scheme: &str) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let preference = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call("Emulation.setEmulatedMedia", &json!({"features": [preference]}));
    }

    /// Drags with the mouse from one place of the window to another, in pixels.
    pub fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        for (kind, (x, y), buttons) in [("mousePressed", from, 1), ("mouseMoved", to, 1), ("mouseReleased", to, 0)] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1});
            self.call("Input.dispatchMouseEvent", &event);
        }
    }

    /// Moves two fingers over the window from two places to two others, in pixels, and lifts them.
    pub fn pinch(&mut self, from: [(f64, f64); 2], to: [(f64, f64); 2]) {
        for (kind, at) in [("touchStart", &from[..]), ("touchMove", &to[..]), ("touchEnd", &[])] {
            let points: Vec<_> = (0..).zip(at).map(|(id, (x, y))| json!({"id": id, "x": x, "y": y})).collect();
            self.call("Input.dispatchTouchEvent", &json!({"type": kind, "touchPoints": points}));
        }
    }

    /// Clicks with the mouse on the middle of an element that leads to another page, and returns when that has loaded.
    pub fn follow(&mut self, element: &str) {
        let middle = self.value(&format!(
            "(it => {{ it.scrollIntoView({{ block: 'center' }}); const {{ x, y, width, height }} = it.getBoundingClientRect(); \
             return [x + width / 2, y + height / 2]; }})(document.querySelector({}))",
            json!(element)
        ));
        let [x, y] = [0, 1].map(|at| middle[at].as_f64().unwrap());
        self.seen.clear();
        self.drag((x, y), (x, y));
        let has_loaded = |message: &Value| message["method"] == "Page.loadEventFired";
        if !self.seen.iter().any(has_loaded) {
            self.wait_for(has_loaded);
        }
    }

    /// Turns the wheel at a place of the window towards the reader by some pixels, with Ctrl held.
    pub fn wheel_with_control(&mut self, (x, y): (f64, f64), by: f64) {
        let event = json!({"type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": by, "modifiers": 2});
        self.call("Input.dispatchMouseEvent", &event);
    }

    /// How many pages of A4 the page has on paper.
    pub fn printed_pages(&mut self) -> usize {
        let paper = json!({"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": true});
        let pdf = self.call("Page.printToPDF", &paper);
        let pdf = STANDARD.decode(pdf["data"].as_str().unwrap()).unwrap();
        let text = String::from_utf8_lossy(&pdf);
        text.matches("/Type /Page\n").count()
    }

    /// Fails on what axe-core finds to keep people from using the page. Without axe-core it is left out, but under `CI=true` that
    /// is a failure.
    #[track_caller]
    pub fn has_no_barriers(&mut self) {
        let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe/axe.min.js");
        let Ok(axe) = fs::read_to_string(axe) else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "run scripts/axe-for-tests first");
            eprintln!("left out: no axe-core; run scripts/axe-for-tests");
            return;
        };
        self.value(&format!("void (() => {{ {axe} }})()"));
        let found = self.value(
            "axe.run({ resultTypes: ['violations'] }).then(found => found.violations.map(it => \
             it.id + ': ' + it.nodes.map(node => node.html.slice(0, 200) + ' ' + node.failureSummary).join('; ')))",
        );
        assert_eq!(found, json!([]), "barriers on the page");
    }

    /// Turns the pages' scripts off or on.
    pub fn scripts(&mut self, on: bool) {
        self.call("Emulation.setScriptExecutionDisabled", &json!({"value": !on}));
    }

    #[track_caller]
    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        write!(self.commands, "{message}\0").unwrap();
        let answer = self.wait_for(|message| message["id"] == id);
        assert_eq!(answer["error"], Value::Null, "{method}");
        answer["result"].clone()
    }

    #[track_caller]
    fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left).expect("the browser has gone silent");
            self.seen.push(message.clone());
            if wanted(&message) {
                return message;
            }
        }
    }
}

/// Messages end with a zero byte.
fn listen(answers: File) -> Receiver<Value> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for message in BufReader::new(answers).split(0) {
            let Ok(message) = message else { return };
            if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                return;
            }
        }
    });
    receiver
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Closing the pipe ends Chromium; killing it is for the one that hangs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
