//! The GPU as a plug-in: libtorch's CUDA part is opened at run time, so that one program serves machines with and
//! without one, and nothing of CUDA is needed to build it.
//!
//! libtorch asks once, at its first call, whether somebody has registered CUDA; opening the library registers it, so it
//! must be opened before. It must be the same version as the libtorch that is linked: both parts share C++ types.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tch::Cuda;

use super::libtorch::{self, load};

const LIBRARY: &str = "libtorch_cuda.so";
const DRIVER: &CStr = c"libcuda.so.1";
/// Of the libtorch that tch 0.24 goes with.
const VERSION: &str = "2.11.0";

/// How many GPUs libtorch sees once its CUDA part is open, or a clause that says why it is not. Only the first call opens
/// anything; it must come before any other use of libtorch.
pub(super) fn open(configured: &Path) -> Result<usize, String> {
    static OPENED: OnceLock<Result<usize, String>> = OnceLock::new();
    OPENED.get_or_init(|| try_open(configured)).clone()
}

fn try_open(configured: &Path) -> Result<usize, String> {
    // The driver's own library: without it there is no GPU to speak to, and half a gigabyte need not be loaded.
    load(DRIVER, libc::RTLD_LAZY).map_err(|_| "no NVIDIA driver (libcuda.so.1) is installed".to_owned())?;
    libtorch::open().map_err(|error| error.to_string())?;
    let folders = folders(configured);
    let folder = find(&folders)?;
    let path = CString::new(folder.join(LIBRARY).as_os_str().as_bytes()).map_err(|error| error.to_string())?;
    load(&path, libc::RTLD_NOW | libc::RTLD_GLOBAL)
        .map_err(|cause| format!("libtorch's CUDA part cannot be opened ({cause})"))?;
    tracing::debug!(folder = %folder.display(), "CUDA part of libtorch opened");
    match usize::try_from(Cuda::device_count()) {
        Ok(n) if n > 0 && Cuda::is_available() => Ok(n),
        _ => Err("the NVIDIA driver offers no GPU, or is too old for CUDA 13".to_owned()),
    }
}

/// The first folder with the library in the right version; one in another version is named.
fn find(folders: &[PathBuf]) -> Result<&Path, String> {
    let mut other = None;
    for folder in folders.iter().filter(|folder| folder.join(LIBRARY).is_file()) {
        match version(folder) {
            Some(found) if found.split('+').next() == Some(VERSION) => return Ok(folder),
            found => other = other.or(Some((folder, found))),
        }
    }
    Err(match other {
        Some((folder, found)) => {
            let found = found.as_deref().unwrap_or("of unknown version");
            format!("the {LIBRARY} in {} is {found}, {VERSION} is needed", folder.display())
        }
        None => format!(
            "libtorch's CUDA part ({LIBRARY}) is nowhere; `make libtorch-cuda` fetches it, or name its folder in compute.cuda_folder"
        ),
    })
}

/// As PyTorch (`torch/version.py`) or a bare libtorch (`build-version`) has it beside its `lib` folder.
fn version(folder: &Path) -> Option<String> {
    let above = folder.parent()?;
    if let Ok(text) = std::fs::read_to_string(above.join("build-version")) {
        return Some(text.trim().to_owned());
    }
    let text = std::fs::read_to_string(above.join("version.py")).ok()?;
    let line = text.lines().find(|line| line.starts_with("__version__"))?;
    Some(line.split(['\'', '"']).nth(1)?.to_owned())
}

/// Where to look: the configured folder alone, or else beside the linked libtorch, where `make libtorch-cuda` puts it, and
/// in PyTorch.
fn folders(configured: &Path) -> Vec<PathBuf> {
    if !configured.as_os_str().is_empty() {
        return vec![configured.to_owned()];
    }
    let mut folders = Vec::new();
    if let Some(lib) = linked() {
        folders.extend(fetched(&lib));
        folders.push(lib);
    }
    let environments = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local"));
    let roots = environments.chain(home).chain(["/usr/local", "/usr"].map(PathBuf::from));
    folders.extend(roots.flat_map(|root| in_python(&root)));
    folders
}

/// The folder of the libtorch that this program runs on.
fn linked() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps
        .lines()
        .find_map(|line| line.find('/').map(|at| &line[at..]).filter(|path| path.ends_with("/libtorch_cpu.so")))?;
    Path::new(path).parent().map(Path::to_owned)
}

/// `<libtorch>-cuda/torch/lib` beside `<libtorch>/lib`.
fn fetched(lib: &Path) -> Option<PathBuf> {
    let libtorch = lib.parent()?;
    let mut name = libtorch.file_name()?.to_owned();
    name.push("-cuda");
    Some(libtorch.with_file_name(name).join("torch/lib"))
}

/// `torch/lib` of every Python below `root`.
fn in_python(root: &Path) -> Vec<PathBuf> {
    let entries = root.join("lib").read_dir().into_iter().flatten().filter_map(Result::ok);
    let pythons = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("python3"));
    let mut found: Vec<_> = pythons
        .flat_map(|python| {
            ["site-packages", "dist-packages"].map(|folder| python.path().join(folder).join("torch/lib"))
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(version: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let torch = root.path().join("lib/python3.11/site-packages/torch");
        std::fs::create_dir_all(torch.join("lib")).unwrap();
        std::fs::write(torch.join("version.py"), format!("__version__ = '{version}'\ndebug = False\n")).unwrap();
        std::fs::write(torch.join("lib").join(LIBRARY), "no library").unwrap();
        root
    }

    #[test]
    fn the_right_version_is_found_and_another_is_named() {
        let (old, right) = (installation("2.6.0+cu124"), installation("2.11.0+cu130"));
        let both: Vec<_> = [&old, &right].into_iter().flat_map(|root| in_python(root.path())).collect();
        assert!(find(&both).unwrap().starts_with(right.path()));
        let error = find(&in_python(old.path())).unwrap_err();
        assert!(error.ends_with("is 2.6.0+cu124, 2.11.0 is needed"), "{error}");
        assert!(find(&[]).unwrap_err().contains("`make libtorch-cuda` fetches it"));
    }

    #[test]
    fn a_configured_folder_is_the_only_one() {
        assert_eq!(folders(Path::new("/opt/cuda")), [PathBuf::from("/opt/cuda")]);
        let lib = linked().unwrap();
        assert!(lib.join("libtorch_cpu.so").is_file());
        assert!(folders(Path::new("")).contains(&lib));
        assert_eq!(fetched(Path::new("/a/.libtorch/lib")), Some(PathBuf::from("/a/.libtorch-cuda/torch/lib")));
    }

    #[test]
    fn a_file_that_is_no_library_is_reported_in_one_line() {
        let broken = installation("2.11.0");
        let path = in_python(broken.path()).remove(0).join(LIBRARY);
        let error = load(&CString::new(path.as_os_str().as_bytes()).unwrap(), libc::RTLD_NOW).unwrap_err();
        assert!(error.contains(LIBRARY) && !error.contains('\n'), "{error}");
        assert!(load(c"libc.so.6", libc::RTLD_LAZY).is_ok());
    }
}
