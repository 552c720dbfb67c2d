//! The pickle inside a TorchScript archive, as libtorch's C++ writer makes it: an object that holds tensors by name; and that
//! of a dictionary of NumPy's arrays.
//!
//! Only the operations of these writers are known, and they make plain values: a class is a name, a call is looked at and never
//! made, and everything else in the stream is refused. (Python's own checkpoints, with their many more operations, are
//! read by a crate that does not know these archives.)

use std::collections::HashMap;
use std::rc::Rc;

use super::error::ReadFault;

/// More than any weights file has, and few enough to walk in no time.
const MAX_VALUES: usize = 1 << 20;

/// A tensor of which only the description is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) name: String,
    /// PyTorch's name of the storage's type, as `FloatStorage`.
    pub(super) storage: String,
    /// Entry in the archive's `data/`.
    pub(super) key: String,
    /// First element within the storage.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

#[derive(Debug, Clone)]
enum Value {
    Nothing,
    Number(i64),
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    /// A class or function, by name alone.
    Name(Rc<str>),
    Tuple(Rc<[Value]>),
    /// A dictionary, or an object with what it was built from.
    Entries(Rc<Vec<(Value, Value)>>),
    Storage(Rc<[Value]>),
    Tensor(Rc<Described>),
}

/// One of NumPy's arrays.
pub(super) struct Array {
    pub(super) name: String,
    /// NumPy's name of the type, as `f4`.
    pub(super) kind: String,
    pub(super) shape: Vec<usize>,
    pub(super) numbers: Rc<[u8]>,
}

/// The arrays of a dictionary that NumPy saved as an object.
pub(super) fn arrays(bytes: &[u8]) -> Result<Vec<Array>, ReadFault> {
    let root = run(bytes)?;
    let unknown = || damaged("it holds no dictionary of arrays");
    let Value::Tuple(object) = &root else { return Err(unknown()) };
    let Some(Value::Entries(items)) = object.last() else { return Err(unknown()) };
    let [(_, Value::Entries(entries))] = items.as_slice() else { return Err(unknown()) };
    entries.iter().map(|(name, array)| described_array(name, array).ok_or_else(unknown)).collect()
}

/// What an array was built from: a version, the shape, the type, whether it lies column by column, and the numbers.
fn described_array(name: &Value, array: &Value) -> Option<Array> {
    let (Value::Text(name), Value::Tuple(parts)) = (name, array) else { return None };
    let [_, Value::Tuple(shape), Value::Text(kind), Value::Nothing, Value::Bytes(numbers)] = &**parts else {
        return None;
    };
    let shape = shape.iter().map(|side| side_of(side).ok()).collect::<Option<_>>()?;
    Some(Array { name: name.to_string(), kind: kind.to_string(), shape, numbers: Rc::clone(numbers) })
}

fn run(bytes: &[u8]) -> Result<Value, ReadFault> {
    Machine { rest: bytes, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new(), made: 0 }.run()
}

/// All tensors, named by their path through the object.
pub(super) fn tensors(bytes: &[u8]) -> Result<Vec<Described>, ReadFault> {
    let root = run(bytes)?;
    let mut found = Vec::new();
    walk(&root, "", &mut found, &mut 0)?;
    Ok(found)
}

fn walk(value: &Value, path: &str, found: &mut Vec<Described>, visited: &mut usize) -> Result<(), ReadFault> {
    // Values may share parts, so the tree can be far larger than the stream that made it.
    *visited += 1;
    if *visited > MAX_VALUES {
        return Err(damaged("it holds too much"));
    }
    match value {
        Value::Tensor(tensor) => found.push(Described { name: path.to_owned(), ..Described::clone(tensor) }),
        Value::Entries(entries) => {
            for (key, value) in entries.iter() {
                let Value::Text(key) = key else { continue };
                // libtorch allows no dots in names; tch writes bars in their place.
                let key = key.replace('|', ".");
                walk(value, &if path.is_empty() { key } else { format!("{path}.{key}") }, found, visited)?;
            }
        }
        _ => (),
    }
    Ok(())
}

fn damaged(what: &str) -> ReadFault {
    ReadFault::Damaged(format!("its pickle is unreadable: {what}"))
}

struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    made: usize,
}

impl<'a> Machine<'a> {
    fn run(mut self) -> Result<Value, ReadFault> {
        loop {
            self.made += 1;
            if self.made > MAX_VALUES {
                return Err(damaged("it holds too much"));
            }
            match self.take(1)?[0] {
                b'.' => return self.pop(),
                operation => self.step(operation)?,
            }
        }
    }

    fn step(&mut self, operation: u8) -> Result<(), ReadFault> {
        match operation {
            0x80 => drop(self.take(1)?),
            b'(' => self.marks.push(self.stack.len()),
            0x95 => drop(self.take(8)?),
            b'N' | 0x89 => self.stack.push(Value::Nothing),
            // True, which nothing that is read asks for but as not being false.
            0x88 => self.stack.push(Value::Number(1)),
            b'K' => self.number(1)?,
            b'M' => self.number(2)?,
            b'J' => self.number(4)?,
            0x8a => {
                let n = usize::from(self.take(1)?[0]);
                self.number(n)?;
            }
            b'G' => {
                self.take(8)?;
                self.stack.push(Value::Nothing);
            }
            b'X' => self.text(4)?,
            0x8c => self.text(1)?,
            b'C' => self.bytes(1)?,
            b'B' => self.bytes(4)?,
            0x8e => self.bytes(8)?,
            0x93 => {
                let (Value::Text(name), Value::Text(module)) = (self.pop()?, self.pop()?) else {
                    return Err(damaged("a class has no name"));
                };
                self.stack.push(Value::Name(format!("{module} {name}").into()));
            }
            0x94 => self.memoize_at(self.memo.len() as u32)?,
            b'c' => {
                let name = format!("{} {}", self.line()?, self.line()?);
                self.stack.push(Value::Name(name.into()));
            }
            b'q' => {
                let at = self.index(1)?;
                self.memoize_at(at as u32)?;
            }
            b'r' => {
                let at = self.index(4)?;
                self.memoize_at(at as u32)?;
            }
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b'}' | b']' => self.stack.push(Value::Entries(Rc::default())),
            b')' => self.stack.push(Value::Tuple(Rc::default())),
            b't' => {
                let items = self.since_mark()?;
                self.stack.push(Value::Tuple(items.into()));
            }
            n @ 0x85..=0x87 => {
                let at =
                    self.stack.len().checked_sub(usize::from(n - 0x84)).ok_or_else(|| damaged("its stack is empty"))?;
                let items = self.stack.split_off(at);
                self.stack.push(Value::Tuple(items.into()));
            }
            b'a' => {
                let item = self.pop()?;
                self.append(item);
            }
            b'e' => drop(self.since_mark()?),
            b's' => {
                let at = self.stack.len().checked_sub(2).ok_or_else(|| damaged("its stack is empty"))?;
                let items = self.stack.split_off(at);
                self.set(items)?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set(items)?;
            }
            b'Q' => self.storage()?,
            b'R' | 0x81 => self.call()?,
            b'b' => {
                let (state, object) = (self.pop()?, self.pop()?);
                // A type keeps its name, whatever else is known of it.
                self.stack.push(if matches!(object, Value::Text(_)) { object } else { state });
            }
            other => return Err(damaged(&format!("operation {other:#04x} is not one that is known"))),
        }
        Ok(())
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], ReadFault> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or_else(|| damaged("it ends early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn line(&mut self) -> Result<&'a str, ReadFault> {
        let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| damaged("it ends early"))?;
        let line = self.take(end + 1)?;
        std::str::from_utf8(&line[..end]).map_err(|_| damaged("a name is no text"))
    }

    fn pop(&mut self) -> Result<Value, ReadFault> {
        self.stack.pop().ok_or_else(|| damaged("its stack is empty"))
    }

    fn since_mark(&mut self) -> Result<Vec<Value>, ReadFault> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or_else(|| damaged("a mark is missing"))?))
    }

    /// A little-endian number of `n` bytes; only the short ones have no sign.
    fn number(&mut self, n: usize) -> Result<(), ReadFault> {
        let bytes = self.take(n)?;
        if n > 8 {
            return Err(damaged("a number is too long"));
        }
        let negative = n > 2 && bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut whole = [if negative { 0xff } else { 0 }; 8];
        whole[..n].copy_from_slice(bytes);
        self.stack.push(Value::Number(i64::from_le_bytes(whole)));
        Ok(())
    }

    fn index(&mut self, n: usize) -> Result<usize, ReadFault> {
        Ok(self.take(n)?.iter().rev().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
    }

    fn memoize_at(&mut self, at: u32) -> Result<(), ReadFault> {
        let last = self.stack.last().ok_or_else(|| damaged("its stack is empty"))?;
        self.memo.insert(at, last.clone());
        Ok(())
    }

    /// A text after its length, of `n` bytes.
    fn text(&mut self, n: usize) -> Result<(), ReadFault> {
        let len = self.index(n)?;
        let text = std::str::from_utf8(self.take(len)?).map_err(|_| damaged("a name is no text"))?;
        self.stack.push(Value::Text(text.into()));
        Ok(())
    }

    /// Bytes after their length, of `n` bytes.
    fn bytes(&mut self, n: usize) -> Result<(), ReadFault> {
        let len = self.index(n)?;
        let bytes = self.take(len)?;
        self.stack.push(Value::Bytes(bytes.into()));
        Ok(())
    }

    /// To the list that is now uppermost; lists and dictionaries are both entries.
    fn append(&mut self, item: Value) {
        if let Some(Value::Entries(entries)) = self.stack.last_mut() {
            Rc::make_mut(entries).push((Value::Nothing, item));
        }
    }

    fn recall(&mut self, n: usize) -> Result<(), ReadFault> {
        let at = self.index(n)? as u32;
        let value = self.memo.get(&at).ok_or_else(|| damaged("it recalls what it never kept"))?;
        self.stack.push(value.clone());
        Ok(())
    }

    /// Puts keys and values, one after the other, into the dictionary that is now uppermost.
    fn set(&mut self, items: Vec<Value>) -> Result<(), ReadFault> {
        let Some(Value::Entries(entries)) = self.stack.last_mut() else {
            return Err(damaged("it fills no dictionary"));
        };
        let entries = Rc::make_mut(entries);
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            entries.push((key, value));
        }
        Ok(())
    }

    /// `("storage", type, key, device, elements)` names a storage.
    fn storage(&mut self) -> Result<(), ReadFault> {
        match self.pop()? {
            Value::Tuple(id) if id.len() >= 3 => self.stack.push(Value::Storage(id)),
            _ => return Err(damaged("a storage has no name")),
        }
        Ok(())
    }

    /// A tensor's description where the call is the one that would rebuild it; of other calls nothing is kept.
    fn call(&mut self) -> Result<(), ReadFault> {
        let (arguments, callable) = (self.pop()?, self.pop()?);
        let rebuilds = matches!(&callable, Value::Name(name) if name.starts_with("torch._utils _rebuild_tensor"));
        let names_type = matches!(&callable, Value::Name(name) if &**name == "numpy dtype");
        let made = match arguments {
            Value::Tuple(arguments) if rebuilds => Value::Tensor(Rc::new(described(&arguments)?)),
            Value::Tuple(arguments) if names_type => arguments.first().cloned().unwrap_or(Value::Nothing),
            _ => Value::Nothing,
        };
        self.stack.push(made);
        Ok(())
    }
}

/// `(storage, offset, shape, strides, ...)`
fn described(arguments: &[Value]) -> Result<Described, ReadFault> {
    let [Value::Storage(id), Value::Number(offset), Value::Tuple(shape), Value::Tuple(strides), ..] = arguments else {
        return Err(damaged("a tensor is described in an unknown way"));
    };
    let (Value::Name(storage), Value::Text(key)) = (&id[1], &id[2]) else {
        return Err(damaged("a storage has no name"));
    };
    Ok(Described {
        name: String::new(),
        storage: storage.rsplit(' ').next().unwrap_or_default().to_owned(),
        key: key.to_string(),
        offset: side_of(&Value::Number(*offset))?,
        shape: shape.iter().map(side_of).collect::<Result<_, _>>()?,
        strides: strides.iter().map(side_of).collect::<Result<_, _>>()?,
    })
}

fn side_of(value: &Value) -> Result<usize, ReadFault> {
    match value {
        Value::Number(n) => usize::try_from(*n).map_err(|_| damaged("a tensor has a negative side")),
        _ => Err(damaged("a tensor has a side that is no number")),
    }
}
