//! Gives every binary built here a run path to the libtorch it was linked with, so that it starts without `LD_LIBRARY_PATH`,
//! and the program a way to open libtorch only when it needs it: opening takes longer than explaining a scan.
//!
//! The binding to libtorch (`libtch.a` of torch-sys) becomes a library, which the program carries within it. What would call
//! the binding jumps through a table instead, which `nn` fills when it opens the library.

#![expect(clippy::disallowed_methods, reason = "nobody sees what a build script writes before it has ended")]

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let target = env::var("TARGET").unwrap_or_default();
    assert!(
        target.starts_with("x86_64-") && target.contains("linux"),
        "gradwatch is built and tried on x86-64 Linux only (this target is {target}): libtorch's wheels and the kernels are for that processor"
    );
    // Beside an installed binary first, so that a package can carry its own libtorch; the build's own copy second.
    for folder in ["$ORIGIN/libtorch/lib", "$ORIGIN/../lib/gradwatch/libtorch/lib"] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
    let libtorch = env::var("DEP_TCH_LIBTORCH_LIB")?;
    println!("cargo:rustc-link-arg=-Wl,-rpath,{libtorch}");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let binding = binding(&out)?;
    println!("cargo:rerun-if-changed={}", binding.display());
    link(&binding, Path::new(&libtorch), &out.join("libtorch_binding.so"))?;
    write_calls(&functions(&binding)?, &out)
}

/// torch-sys keeps it in its own folder of the build, and does not say which that is.
fn binding(out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let build = out.ancestors().nth(2).unwrap_or(out);
    let folders = fs::read_dir(build)?.filter_map(Result::ok);
    let of_torch = folders.filter(|folder| folder.file_name().to_string_lossy().starts_with("torch-sys-"));
    let libraries = of_torch.map(|folder| folder.path().join("out/libtch.a")).filter(|path| path.is_file());
    let time = |path: &PathBuf| path.metadata().and_then(|it| it.modified()).ok();
    Ok(libraries.max_by_key(time).ok_or_else(|| format!("no libtch.a of torch-sys in {}", build.display()))?)
}

fn link(binding: &Path, libtorch: &Path, library: &Path) -> Result<(), Box<dyn Error>> {
    let mut link = Command::new(env::var_os("CXX").unwrap_or_else(|| "c++".into()));
    link.args(["-shared", "-s", "-o"]).arg(library);
    link.arg("-Wl,--whole-archive").arg(binding).arg("-Wl,--no-whole-archive");
    link.arg("-L").arg(libtorch).args(["-ltorch_cpu", "-lc10"]);
    if link.status()?.success() { Ok(()) } else { Err(format!("this failed: {link:?}").into()) }
}

/// The names of the binding's functions; those of C++ are its own affair.
fn functions(binding: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let listed = Command::new("nm").args(["--defined-only", "--format=posix"]).arg(binding).output()?;
    let listed = String::from_utf8(listed.stdout)?;
    let function = |line: &str| line.split_once(" T ").map(|(name, _)| name.to_owned());
    let mut names: Vec<_> = listed.lines().filter_map(function).collect();
    names.retain(|name| !name.starts_with("_Z") && !name.starts_with("stbi_"));
    Ok(names)
}

/// A jump for each function, the table that they jump through, and the names in the order of the table.
fn write_calls(names: &[String], out: &Path) -> Result<(), Box<dyn Error>> {
    let mut text = ".text\n".to_owned();
    for (n, name) in names.iter().enumerate() {
        let jump = format!("jmp *libtorch_entries+{}(%rip)", 8 * n);
        writeln!(text, ".globl {name}\n.type {name},@function\n{name}: {jump}\n.size {name}, .-{name}")?;
    }
    text += ".data\n.balign 8\n.globl libtorch_entries\n.type libtorch_entries,@object\nlibtorch_entries:\n";
    text += &".quad libtorch_is_closed\n".repeat(names.len());
    text += ".size libtorch_entries, .-libtorch_entries\n.text\n";
    fs::write(out.join("libtorch_calls.s"), text)?;
    fs::write(out.join("libtorch_functions.txt"), names.join("\n"))?;
    fs::write(out.join("libtorch_count.rs"), names.len().to_string())?;
    Ok(())
}
