//! The reader of safetensors: a header of JSON, then the numbers. Read piece by piece: a whole VGG16 has half a gigabyte that is not
//! needed.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::rc::Rc;

use safetensors::tensor::{Metadata, TensorInfo};

use super::dialect::Dialect;
use super::error::ReadFault;
use super::provenance::Provenance;
use super::tensor_file::{NamedTensor, TensorFile, numbers};

/// The format's own limit on its header.
const MAX_HEADER: u64 = 100_000_000;

pub(super) fn open(mut file: File) -> Result<TensorFile, ReadFault> {
    let (metadata, data_start) = header(&mut file)?;
    let file = Rc::new(RefCell::new(file));
    let tensor = |(name, info): (String, &TensorInfo)| {
        let (file, kind, (begin, end)) = (Rc::clone(&file), format!("{:?}", info.dtype), info.data_offsets);
        let read = move || {
            let mut bytes = vec![0; end - begin];
            let mut file = file.borrow_mut();
            file.seek(SeekFrom::Start(data_start + begin as u64))?;
            file.read_exact(&mut bytes)?;
            numbers(&kind, &bytes)
        };
        NamedTensor { name, shape: info.shape.clone(), read: Box::new(read) }
    };
    let tensors = metadata.tensors().into_iter().map(tensor).collect();
    let mut file = TensorFile::new(Dialect::Torch, tensors);
    file.provenance = Provenance::from_metadata(metadata.metadata().as_ref());
    Ok(file)
}

/// The table of contents, and where the numbers begin; the file's length is held against both.
fn header(file: &mut File) -> Result<(Metadata, u64), ReadFault> {
    let found = file.metadata()?.len();
    let mut start = [0; 8];
    file.rewind()?;
    file.read_exact(&mut start)?;
    let header_len = u64::from_le_bytes(start);
    if header_len > MAX_HEADER {
        return Err(ReadFault::Unknown("it is of no format that gradwatch knows".to_owned()));
    }
    if found < 8 + header_len {
        return Err(ReadFault::Truncated { expected: 8 + header_len, found });
    }
    let mut text = vec![0; header_len as usize];
    file.read_exact(&mut text)?;
    let metadata: Metadata = serde_json::from_slice(&text)
        .map_err(|error| ReadFault::Damaged(format!("its safetensors header is unreadable: {error}")))?;
    let expected = 8 + header_len + metadata.data_len() as u64;
    match found.cmp(&expected) {
        std::cmp::Ordering::Less => Err(ReadFault::Truncated { expected, found }),
        std::cmp::Ordering::Greater => {
            Err(ReadFault::Damaged(format!("{} bytes follow its last tensor", found - expected)))
        }
        std::cmp::Ordering::Equal => Ok((metadata, 8 + header_len)),
    }
}
