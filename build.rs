//! Gives every binary built here a run path to the libtorch it was linked with, so that it starts without `LD_LIBRARY_PATH`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").unwrap_or_default();
    assert!(
        target.starts_with("x86_64-") && target.contains("linux"),
        "gradwatch is built and tried on x86-64 Linux only (this target is {target}): libtorch's wheels and the kernels are for that processor"
    );
    // Beside an installed binary first, so that a package can carry its own libtorch; the build's own copy second.
    for folder in ["$ORIGIN/libtorch/lib", "$ORIGIN/../lib/gradwatch/libtorch/lib"] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
    if let Ok(lib) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
    }
}
