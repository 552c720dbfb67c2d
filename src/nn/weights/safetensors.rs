//! safetensors: a header of JSON, then the numbers. Read piece by piece: a whole VGG16 has half a gigabyte that is not
//! needed.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::rc::Rc;

use safetensors::tensor::{Metadata, TensorInfo};

use super::contents::{Array, Contents, Dialect, Fault, numbers};
use super::remark::Remark;

/// The format's own limit on its header.
const MAX_HEADER: u64 = 100_000_000;

pub(super) fn open(mut file: File) -> Result<Contents, Fault> {
    let (metadata, data_start) = header(&mut file)?;
    let file = Rc::new(RefCell::new(file));
    let array = |(name, info): (String, &TensorInfo)| {
        let (file, kind, (begin, end)) = (Rc::clone(&file), format!("{:?}", info.dtype), info.data_offsets);
        let read = move || {
            let mut bytes = vec![0; end - begin];
            let mut file = file.borrow_mut();
            file.seek(SeekFrom::Start(data_start + begin as u64))?;
            file.read_exact(&mut bytes)?;
            numbers(&kind, &bytes)
        };
        Array { name, shape: info.shape.clone(), read: Box::new(read) }
    };
    let arrays = metadata.tensors().into_iter().map(array).collect();
    let mut contents = Contents::new(Dialect::Torch, arrays);
    contents.remark = Remark::from_metadata(metadata.metadata().as_ref());
    Ok(contents)
}

/// The table of contents, and where the numbers begin; the file's length is held against both.
fn header(file: &mut File) -> Result<(Metadata, u64), Fault> {
    let found = file.metadata()?.len();
    let mut start = [0; 8];
    file.rewind()?;
    file.read_exact(&mut start)?;
    let header_len = u64::from_le_bytes(start);
    if header_len > MAX_HEADER {
        return Err(Fault::Unknown("it is of no format that gradwatch knows".to_owned()));
    }
    if found < 8 + header_len {
        return Err(Fault::Truncated { expected: 8 + header_len, found });
    }
    let mut text = vec![0; header_len as usize];
    file.read_exact(&mut text)?;
    let metadata: Metadata = serde_json::from_slice(&text)
        .map_err(|error| Fault::Damaged(format!("its safetensors header is unreadable: {error}")))?;
    let expected = 8 + header_len + metadata.data_len() as u64;
    match found.cmp(&expected) {
        std::cmp::Ordering::Less => Err(Fault::Truncated { expected, found }),
        std::cmp::Ordering::Greater => {
            Err(Fault::Damaged(format!("{} bytes follow its last tensor", found - expected)))
        }
        std::cmp::Ordering::Equal => Ok((metadata, 8 + header_len)),
    }
}
