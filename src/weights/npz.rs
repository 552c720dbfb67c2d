//! NumPy's archives (`.npz`): a zip with one `.npy` for each array, a short description and then the numbers. Keras has a
//! pickled dictionary of arrays in each, for one layer.

use std::io::{Cursor, Read};
use std::rc::Rc;

use zip::ZipArchive;

use super::dialect::Dialect;
use super::error::ReadFault;
use super::pickle::{self, Array};
use super::tensor_file::{NamedTensor, TensorFile, numbers};

/// As large as all arrays together may be: a whole VGG16 has 0.55 GB.
const MAX_BYTES: u64 = 2 << 30;

/// Keras' weights in an archive that was inside another; the arrays' names are those of the groups in its HDF5 files.
pub(super) fn from_bytes(bytes: Vec<u8>) -> Result<TensorFile, ReadFault> {
    let damaged = |cause: &dyn std::fmt::Display| ReadFault::Damaged(format!("its arrays are unreadable: {cause}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let (mut tensors, mut left) = (Vec::new(), MAX_BYTES);
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        let name = entry.name().map_err(|error| damaged(&error))?.trim_end_matches(".npy").to_owned();
        let mut bytes = Vec::new();
        entry.take(left).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
        left -= bytes.len() as u64;
        tensors.extend(entry_tensors(&name, bytes)?);
    }
    Ok(TensorFile::new(Dialect::Keras, tensors))
}

fn entry_tensors(name: &str, bytes: Vec<u8>) -> Result<Vec<NamedTensor>, ReadFault> {
    let damaged = || ReadFault::Damaged(format!("its array `{name}` has no description that is known"));
    let (header, start) = header(&bytes).ok_or_else(damaged)?;
    let kind = field(header, "descr").ok_or_else(damaged)?.trim_matches('\'').to_owned();
    if kind == "|O" {
        let arrays = pickle::arrays(&bytes[start..])?;
        return Ok(arrays.into_iter().map(|array| pickled(name, array)).collect());
    }
    if field(header, "fortran_order").ok_or_else(damaged)? != "False" {
        return Err(ReadFault::Damaged(format!("its array `{name}` lies column by column")));
    }
    let sides = field(header, "shape").and_then(|shape| shape.strip_prefix('(')?.strip_suffix(')'));
    let sides = sides.ok_or_else(damaged)?.split(',').map(str::trim).filter(|side| !side.is_empty());
    let shape = sides.map(|side| side.parse().map_err(|_| damaged())).collect::<Result<_, _>>()?;
    let bytes = Rc::new(bytes);
    let read = move || numbers(type_name(&kind), &bytes[start..]);
    Ok(vec![NamedTensor { name: format!("/{name}"), shape, read: Box::new(read) }])
}

fn pickled(layer: &str, array: Array) -> NamedTensor {
    let Array { name, kind, shape, numbers: bytes } = array;
    let read = move || numbers(type_name(&kind), &bytes);
    NamedTensor { name: format!("/{layer}/{name}"), shape, read: Box::new(read) }
}

/// As safetensors calls it; other types keep NumPy's name, for the message.
fn type_name(kind: &str) -> &str {
    match kind.trim_start_matches('<') {
        "f2" => "F16",
        "f4" => "F32",
        "f8" => "F64",
        _ => kind,
    }
}

/// The description, a Python dictionary as text, and where the numbers begin.
fn header(bytes: &[u8]) -> Option<(&str, usize)> {
    let (version, rest) = bytes.strip_prefix(b"\x93NUMPY")?.split_at_checked(2)?;
    let width = if version[0] == 1 { 2 } else { 4 };
    let len = rest.get(..width)?.iter().rev().fold(0, |len, byte| (len << 8) | usize::from(*byte));
    let text = rest.get(width..)?.get(..len)?;
    Some((std::str::from_utf8(text).ok()?, 8 + width + len))
}

/// The value of one key; a shape has commas of its own.
fn field<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let value = header.split_once(&format!("'{key}':"))?.1.trim_start();
    let end = if value.starts_with('(') { value.find(')')? + 1 } else { value.find([',', '}'])? };
    Some(value[..end].trim())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn array(header: &str, numbers: &[u8]) -> Vec<u8> {
        [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), numbers].concat()
    }

    fn read(array: &[u8]) -> Result<TensorFile, ReadFault> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("layers/dense/vars/0.npy", SimpleFileOptions::default()).unwrap();
        archive.write_all(array).unwrap();
        from_bytes(archive.finish().unwrap().into_inner())
    }

    #[test]
    fn arrays_of_every_width_are_read() {
        let numbers = [1.0_f32, -2.5];
        for (kind, bytes) in [
            ("<f2", numbers.map(|value| half::f16::from_f32(value).to_le_bytes().to_vec()).concat()),
            ("<f4", numbers.map(|value| value.to_le_bytes().to_vec()).concat()),
            ("<f8", numbers.map(|value| f64::from(value).to_le_bytes().to_vec()).concat()),
        ] {
            let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (2, 1), }}\n");
            let file = read(&array(&header, &bytes)).unwrap();
            let tensor = &file.tensors[0];
            assert_eq!((tensor.name.as_str(), tensor.shape.as_slice()), ("/layers/dense/vars/0", [2, 1].as_slice()));
            assert_eq!((tensor.read)().unwrap(), numbers, "{kind}");
        }
    }

    #[test]
    fn other_arrays_are_refused() {
        let fault = |header: &str| format!("{:?}", read(&array(header, &[])).err().unwrap());
        assert!(fault("{'descr': '|O', 'fortran_order': False, 'shape': (), }").contains("its pickle is unreadable"));
        assert!(fault("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }").contains("column by column"));
        for header in ["", "{'descr': '<f4'", "{'descr': '<f4', 'fortran_order': False, 'shape': (x, ), }"] {
            assert!(fault(header).contains("no description that is known"), "{header}");
        }
        assert!(read(b"").is_err() && from_bytes(vec![1, 2, 3]).is_err());
        let whole = read(&array("{'descr': '<i4', 'fortran_order': False, 'shape': (0,), }", &[])).unwrap();
        assert!(matches!((whole.tensors[0].read)(), Err(ReadFault::Type(kind)) if kind == "<i4"));
    }
}
