//! Plain Rust under detection: what is instrumented, what is not, and what is refused.
//!
//! The folder for the instrumented standard library and the run-time library stays between runs, for
//! they take a minute to make.

mod goroutines;

use crate::cli::{End, deadheat, end};
use crate::krate::Krate;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A library that races where it is asked to, and one place where it does not.
const LIBRARY: &str = r#"
    //! ```
    //! krate::racy();
    //! ```
    use std::cell::UnsafeCell;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    struct Plain(UnsafeCell<u64>);
    // SAFETY: none: it is what this is about.
    unsafe impl Sync for Plain {}

    macro_rules! add { ($cell:ident) => {
        // SAFETY: the cell is a static; whether others are at it is what this is about.
        unsafe { *$cell.0.get() += 1 }
    }; }

    pub fn racy() {
        static CELL: Plain = Plain(UnsafeCell::new(0));
        let other = thread::spawn(|| add!(CELL));
        add!(CELL);
        other.join().unwrap();
    }

    pub fn ordered() {
        static CELL: Plain = Plain(UnsafeCell::new(0));
        static READY: AtomicBool = AtomicBool::new(false);
        let other = thread::spawn(|| {
            while !READY.load(Ordering::Acquire) {
                thread::yield_now();
            }
            add!(CELL)
        });
        add!(CELL);
        READY.store(true, Ordering::Release);
        other.join().unwrap();
        add!(CELL);
    }
"#;

/// One that has calls in its file says so.
const SCRIPT: &str = r#"
    fn main() {
        let own = std::fs::read("/proc/self/exe").unwrap();
        // Backwards, for the text itself is in the file, too.
        let call: Vec<_> = b"yrtne_cnuf_nast__".iter().rev().copied().collect();
        let found = own.windows(call.len()).any(|window| window == call);
        assert!(!found, "the build script is instrumented");
        println!("cargo::rerun-if-changed=build.rs");
    }
"#;

fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// `deadheat` with the cache of these tests.
fn command(krate: &Krate) -> Command {
    let mut command = deadheat();
    command
        .env("DEADHEAT_CACHE", cache())
        .env("DEADHEAT_RUNNER", "cargo");
    command.current_dir(krate.path());
    command
}

/// Runs `deadheat` in the crate's folder.
fn run(krate: &Krate, args: &[impl AsRef<OsStr>]) -> End {
    end(&mut command(krate), args)
}

/// The races in the crate's report file, a line each.
fn races(krate: &Krate) -> Vec<String> {
    let text = fs::read_to_string(krate.path().join("target/deadheat/reports.jsonl")).unwrap();
    let races = text
        .lines()
        .filter(|line| line.contains("\"type\":\"race\""));
    races.map(str::to_owned).collect()
}

/// The distinct functions of the crate among the stacks of the races in its report file.
fn functions(krate: &Krate, names: &[&str]) -> Vec<String> {
    let races = races(krate);
    let found = |name: &&&str| {
        races
            .iter()
            .any(|race| race.contains(&format!("\"{name}\"")))
    };
    names
        .iter()
        .filter(found)
        .map(|name| (*name).to_owned())
        .collect()
}

#[test]
fn every_kind_of_target_is_instrumented_and_what_builds_it_is_not() {
    let manifest = "[package]\nname = \"krate\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
        [[bench]]\nname = \"bench\"\nharness = false\n[profile.test]\nlto = \"fat\"\n";
    let unit =
        format!("{LIBRARY}\n#[test] fn in_unit() {{ racy() }}\n#[test] fn fine() {{ ordered() }}");
    let krate = Krate::with_files(&[
        ("Cargo.toml", manifest),
        ("build.rs", SCRIPT),
        ("src/lib.rs", &unit),
        (
            "src/main.rs",
            "fn main() {} #[test] fn in_program() { krate::racy() }",
        ),
        ("tests/suite.rs", "#[test] fn in_suite() { krate::racy() }"),
        (
            "examples/example.rs",
            "fn main() {} #[test] fn in_example() { krate::racy() }",
        ),
        (
            "benches/bench.rs",
            "fn in_bench() { krate::racy() } fn main() { in_bench() }",
        ),
    ]);
    let test = run(
        &krate,
        &["test", "--offline", "--instrument", "--all-targets"],
    );
    test.expect(66, &["data races found", "target/deadheat/reports.jsonl"]);
    let names = [
        "krate::in_unit",
        "krate::in_program",
        "suite::in_suite",
        "example::in_example",
        "bench::in_bench",
        "krate::fine",
    ];
    assert_eq!(functions(&krate, &names), names[..5], "{}", test.err);
    // Documentation, which rustdoc compiles.
    let test = run(&krate, &["test", "--offline", "--instrument", "--doc"]);
    test.expect(66, &["in rust_out"]);
    let test = run(
        &krate,
        &["test", "--offline", "--instrument", "--lib", "fine"],
    );
    test.expect(0, &["1 test run", "no data race"]);
}

#[test]
fn normal_builds_stay_as_they_are() {
    let krate = Krate::with_source(LIBRARY);
    let cargo = |args: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(krate.path())
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR");
        end(&mut cargo, args)
    };
    cargo(&["build", "--offline"]).expect(0, &["Compiling"]);
    run(&krate, &["build", "--offline"]).expect(0, &["Compiling", "deadheat/instrument"]);
    cargo(&["build", "--offline", "-v"]).expect(0, &["Fresh krate"]);
    run(&krate, &["build", "--offline", "-v"]).expect(0, &["Fresh krate"]);
}

#[test]
fn of_what_is_not_selected_only_the_order_is_seen() {
    let manifest = "[package]\nname = \"krate\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
        [workspace]\nexclude = [\"lock\"]\n[dependencies]\nlock = { path = \"lock\" }\n";
    let lock = r#"
        use std::cell::UnsafeCell;
        use std::sync::atomic::{AtomicBool, Ordering};
        pub struct Lock(AtomicBool, UnsafeCell<u64>);
        // SAFETY: whether the cell is accessed under the lock is what this is about.
        unsafe impl Sync for Lock {}
        impl Lock {
            pub const fn new() -> Self { Self(AtomicBool::new(false), UnsafeCell::new(0)) }
            #[inline(never)]
            pub fn acquire(&self) {
                while self.0.swap(true, Ordering::Acquire) { std::thread::yield_now(); }
            }
            #[inline(never)]
            pub fn release(&self) { self.0.store(false, Ordering::Release); }
            #[inline(never)]
            pub fn careless(&self) {
                // SAFETY: none: it is what this is about.
                unsafe { *self.1.get() += 1 }
            }
        }
    "#;
    let tests = r#"
        static LOCK: lock::Lock = lock::Lock::new();
        fn both(what: fn()) {
            let other = std::thread::spawn(what);
            what();
            other.join().unwrap();
        }
        #[test] fn locked() {
            static mut CELL: u64 = 0;
            both(|| {
                LOCK.acquire();
                // SAFETY: the lock is held.
                unsafe { CELL += 1 }
                LOCK.release();
            });
        }
        #[test] fn careless() { both(|| LOCK.careless()); }
    "#;
    let krate = Krate::with_files(&[
        ("Cargo.toml", manifest),
        ("src/lib.rs", tests),
        (
            "lock/Cargo.toml",
            "[package]\nname = \"lock\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        ("lock/src/lib.rs", lock),
    ]);
    let test = |selection: &str| run(&krate, &["test", "--offline", "--lib", selection]);
    test("--instrument=workspace").expect(0, &["2 tests run, 2 passed", "no data race"]);
    test("--instrument=lock").expect(66, &["careless"]);
    test("--instrument").expect(66, &["careless"]);
    test("--instrument=lokc").expect_one_error(&["lokc", "did you mean \"lock\"?"]);
}

#[test]
fn programs_are_built_and_run() {
    let main = r#"fn main() {
        let words: Vec<_> = std::env::args().skip(1).collect();
        println!("ran with {words:?}");
        if words.contains(&"race".to_owned()) { krate::racy() } else { krate::ordered() }
        std::process::exit(7)
    }"#;
    let krate = Krate::with_files(&[("src/lib.rs", LIBRARY), ("src/main.rs", main)]);
    let fine = run(
        &krate,
        &["run", "--instrument", "--", "--offline", "--", "--x", "y"],
    );
    fine.expect(7, &[]);
    assert_eq!(fine.out, "ran with [\"--x\", \"y\"]\n");
    let racy = run(
        &krate,
        &["run", "--instrument", "--", "--offline", "-q", "--", "race"],
    );
    racy.expect(
        66,
        &[
            "WARNING: DATA RACE",
            "krate::racy",
            "src/lib.rs:",
            "deadheat report",
        ],
    );
    run(
        &krate,
        &["run", "--instrument", "--", "--offline", "--bin", "none"],
    )
    .expect(2, &["none", "the build failed"]);

    // What was built can be run by itself.
    run(&krate, &["build", "--instrument", "--offline", "--release"]).expect(0, &["deadheat run"]);
    let built = krate
        .path()
        .join("target/deadheat/instrument/x86_64-unknown-linux-gnu/release/krate");
    let built = built.to_str().unwrap();
    run(&krate, &["run", "--", built, "race"]).expect(66, &["krate::racy", "src/lib.rs:"]);
    run(&krate, &["run", "--", built]).expect(7, &[]);
    run(&krate, &["build", "--offline", "--", "x"]).expect(2, &["the build failed"]);
}

#[test]
fn the_configuration_can_ask_for_it() {
    let tests = format!("{LIBRARY}\n#[test] fn unit() {{ racy() }}");
    let krate = Krate::with_files(&[
        ("src/lib.rs", &tests),
        ("deadheat.toml", "instrument = 'workspace'\n"),
    ]);
    run(&krate, &["test", "--offline", "--lib"]).expect(66, &["krate::racy"]);
    run(&krate, &["test", "--offline", "--lib", "--instrument=none"])
        .expect(0, &["no test ran under detection", "--instrument"]);
}

#[test]
fn the_users_flags_are_kept() {
    let krate = Krate::with_files(&[(
        "src/main.rs",
        "#[cfg(not(wanted))] compile_error!(\"the flag is lost\"); fn main() {}",
    )]);
    let mut by_variable = command(&krate);
    by_variable.env("RUSTFLAGS", "--cfg wanted");
    end(&mut by_variable, &["build", "--offline"]).expect(0, &[]);
    run(&krate, &["build", "--offline"]).expect(2, &["the flag is lost"]);
    let configuration = krate.path().join(".cargo/config.toml");
    fs::create_dir(configuration.parent().unwrap()).unwrap();
    fs::write(&configuration, "[build]\nrustflags = ['--cfg', 'wanted']\n").unwrap();
    run(&krate, &["build", "--offline"]).expect(0, &[]);

    // A wrapper of the user's is called, too.
    let wrapper = krate.path().join("wrapper.sh");
    let log = krate.path().join("wrapped");
    fs::write(
        &wrapper,
        format!("#!/bin/sh\necho \"$@\" >> {}\nexec \"$@\"\n", log.display()),
    )
    .unwrap();
    make_executable(&wrapper);
    let mut wrapped = command(&krate);
    wrapped.env("RUSTC_WRAPPER", &wrapper);
    end(&mut wrapped, &["build", "--offline"]).expect(0, &[]);
    let calls = fs::read_to_string(&log).unwrap();
    assert!(
        calls.contains("--crate-name krate") && calls.contains("-Cpasses="),
        "{calls}"
    );
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A compiler of this release whose toolchain has nothing else, as it says of itself.
fn bare_compiler(krate: &Krate, release: &str) -> PathBuf {
    let rustc = krate.path().join("rustc.sh");
    let sysroot = krate.path().display();
    fs::write(
        &rustc,
        format!(
            "#!/bin/sh\ncase $* in\n-vV) echo 'rustc\nhost: x86_64-unknown-linux-gnu\nrelease: {release}\n\
             commit-hash: 0123456789abcdef01\nLLVM version: 18.1.7' ;;\n'--print sysroot') echo {sysroot} ;;\n\
             *) exec rustc \"$@\" ;;\nesac\n"
        ),
    )
    .unwrap();
    make_executable(&rustc);
    rustc
}

#[test]
fn what_cannot_be_is_refused_with_the_way_out() {
    let krate = Krate::with_files(&[("src/main.rs", "fn main() {}")]);
    for (flags, words) in [
        (
            "-Zsanitizer=address",
            ["RUSTFLAGS", "a sanitizer of its own", "leave it out"],
        ),
        (
            "-C target-feature=+crt-static",
            ["RUSTFLAGS", "linked statically", "leave +crt-static out"],
        ),
        (
            "-Clink-arg=-fsanitize=thread",
            ["RUSTFLAGS", "-fsanitize=thread", "leave it out"],
        ),
    ] {
        let mut command = command(&krate);
        command.env("RUSTFLAGS", flags);
        end(&mut command, &["test", "--instrument"]).expect_one_error(&words);
    }
    run(&krate, &["build", "--target", "wasm32-unknown-unknown"])
        .expect_one_error(&["wasm32-unknown-unknown", "leave it out"]);
    let file = krate.path().join("Cargo.toml/cache");
    let mut unwritable = command(&krate);
    unwritable.env("DEADHEAT_CACHE", &file);
    end(&mut unwritable, &["build"]).expect_one_error(&["Cargo.toml/cache", "set DEADHEAT_CACHE"]);
    let mut lost = command(&krate);
    lost.env("DEADHEAT_TSAN", "/nowhere");
    end(&mut lost, &["build"]).expect_one_error(&["/nowhere", "set DEADHEAT_TSAN"]);
    run(&krate, &["test", "--instrument", "--archive-file", "x"])
        .expect_one_error(&["leave one out"]);
    let mut sourceless = command(&krate);
    sourceless.env("RUSTC", bare_compiler(&krate, "1.95.0"));
    end(&mut sourceless, &["test", "--instrument-std", "source"])
        .expect_one_error(&["rustup component add rust-src"]);

    // One that stands where only cargo sees it.
    let configuration = krate.path().join(".cargo/config.toml");
    fs::create_dir(configuration.parent().unwrap()).unwrap();
    fs::write(
        &configuration,
        "[build]\nrustflags = ['-Clink-arg=-fsanitize=thread']\n",
    )
    .unwrap();
    run(&krate, &["build", "--offline"]).expect(
        2,
        &[
            "cannot be had with the compiler's flag -Clink-arg=-fsanitize=thread",
            "leave it out",
        ],
    );
}

#[test]
fn the_standard_library_is_instrumented_once_and_again_when_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let krate = Krate::with_source("pub fn nothing() {}");
    // Nothing is linked here.
    let start = |_| {
        let mut command = command(&krate);
        command.args(["build", "--offline", "--instrument"]);
        command
            .env("DEADHEAT_CACHE", folder.path())
            .env("DEADHEAT_TSAN", krate.manifest());
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let wait = |child: std::process::Child| {
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{err}");
        err
    };
    let both = [0, 1].map(start).map(wait);
    let made = |err: &str| err.contains("once for this toolchain: done");
    assert_eq!(both.iter().filter(|err| made(err)).count(), 1, "{both:?}");
    assert!(!made(&wait(start(2))));
    // The library and its lock; what the compiler loads stands beside them.
    let entries = fs::read_dir(folder.path()).unwrap();
    let is_std = |path: &PathBuf| {
        let name = path.file_name().unwrap();
        name.to_str().unwrap().starts_with("std-")
    };
    let entries = entries.map(|entry| entry.unwrap().path()).filter(is_std);
    let entries: Vec<_> = entries.collect();
    assert_eq!(entries.len(), 2, "{entries:?}");
    let sysroot = entries.iter().find(|path| path.is_dir()).unwrap();
    let libraries = sysroot.join("lib/rustlib/x86_64-unknown-linux-gnu/lib");
    let is_ours = |path: &PathBuf| path.symlink_metadata().unwrap().is_file();
    let damaged = fs::read_dir(libraries).unwrap();
    let damaged = damaged
        .map(|entry| entry.unwrap().path())
        .find(is_ours)
        .unwrap();
    let bytes = fs::read(&damaged).unwrap();
    fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let err = wait(start(3));
    assert!(
        err.contains("is damaged, and is made anew") && made(&err),
        "{err}"
    );
    assert_eq!(fs::read(&damaged).unwrap(), bytes);
}

#[test]
fn doctor_says_what_is_missing_and_how_to_get_it() {
    let krate = Krate::with_source("");
    let fine = run(&krate, &["doctor"]);
    fine.expect(0, &[]);
    assert!(
        fine.out.ends_with("--instrument works here\n"),
        "{}",
        fine.out
    );

    let mut command = command(&krate);
    command
        .env("RUSTC", bare_compiler(&krate, "1.80.0"))
        .env("PATH", "/nowhere")
        .env("DEADHEAT_CACHE", krate.manifest());
    command
        .env("RUSTFLAGS", "-Zsanitizer=leak")
        .env("DEADHEAT_TSAN", "/nowhere");
    let poor = end(&mut command, &["doctor"]);
    poor.expect(2, &[]);
    for (name, way_out) in [
        ("compiler", "rustup update stable"),
        ("standard library", "a toolchain of rustup's"),
        ("bitcode compiler", "rustup toolchain install stable"),
        ("cache", "set DEADHEAT_CACHE"),
        ("run-time library", "set DEADHEAT_TSAN"),
        ("linker", "apt-get install gcc"),
        ("flags", "leave it out"),
    ] {
        let line = poor
            .out
            .lines()
            .find(|line| line.contains(&format!("MISSING  {name}: ")));
        assert!(
            line.is_some_and(|line| line.contains(way_out)),
            "{name}: {}",
            poor.out
        );
    }
    assert!(
        poor.out.contains("does not work here") && poor.out.contains("(7)"),
        "{}",
        poor.out
    );
}

/// A library whose tests order what they do by the standard library's compiled functions, and one that does not.
const SYNCHRONISED: &str = r#"
    #![cfg(test)]
    use std::cell::UnsafeCell;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Barrier, Condvar, Mutex, Once, OnceLock, RwLock, mpsc};
    use std::thread;

    #[derive(Default)]
    pub struct Plain(UnsafeCell<u64>);
    // SAFETY: none: whether it is what this is about.
    unsafe impl Sync for Plain {}

    impl Plain {
        pub fn add(&self) -> u64 {
            // SAFETY: as above.
            unsafe { *self.0.get() += 1; *self.0.get() }
        }
    }

    /// Threads that hold a lock for long enough to be waited for.
    #[test] fn locks() {
        let (cell, lock, waited) = (Plain::default(), Mutex::new(()), AtomicUsize::new(0));
        thread::scope(|scope| for _ in 0..4 {
            scope.spawn(|| for _ in 0..200 {
                // Whoever comes while it is held has to wait in the kernel.
                let guard = lock.try_lock().unwrap_or_else(|_| {
                    waited.fetch_add(1, Ordering::Relaxed);
                    lock.lock().unwrap()
                });
                cell.add();
                thread::yield_now();
                drop(guard);
            });
        });
        assert!(waited.into_inner() > 0);
        assert_eq!(cell.add(), 801);
    }

    #[test] fn read_write_locks() {
        let (cell, lock) = (Plain::default(), RwLock::new(()));
        thread::scope(|scope| for i in 0..4 {
            let (cell, lock) = (&cell, &lock);
            scope.spawn(move || for _ in 0..200 {
                if i == 0 {
                    let _guard = lock.read().unwrap();
                    // SAFETY: writers are kept out.
                    std::hint::black_box(unsafe { *cell.0.get() });
                    thread::yield_now();
                } else {
                    let _guard = lock.write().unwrap();
                    cell.add();
                    thread::yield_now();
                }
            });
        });
        assert_eq!(cell.add(), 601);
    }

    #[test] fn conditions() {
        let (cell, turn, changed) = (Plain::default(), Mutex::new(0), Condvar::new());
        thread::scope(|scope| for i in 0..2 {
            let (cell, turn, changed) = (&cell, &turn, &changed);
            scope.spawn(move || for _ in 0..100 {
                let mut now = changed.wait_while(turn.lock().unwrap(), |now| *now % 2 != i).unwrap();
                cell.add();
                *now += 1;
                drop(now);
                changed.notify_all();
                let _ = changed.wait_timeout(turn.lock().unwrap(), std::time::Duration::ZERO);
            });
        });
    }

    #[test] fn barriers() {
        let (cells, barrier) = ([Plain::default(), Plain::default()], Barrier::new(2));
        thread::scope(|scope| for i in 0..2 {
            let (cells, barrier) = (&cells, &barrier);
            scope.spawn(move || for round in 0..100 {
                cells[(i + round) % 2].add();
                barrier.wait();
            });
        });
    }

    #[test] fn onces() {
        for _ in 0..50 {
            let (cell, once, lazy) = (Plain::default(), Once::new(), OnceLock::new());
            thread::scope(|scope| for _ in 0..3 {
                scope.spawn(|| {
                    once.call_once(|| { cell.add(); thread::yield_now(); });
                    // SAFETY: it was written once, before.
                    assert_eq!(unsafe { *cell.0.get() }, 1);
                    lazy.get_or_init(|| Box::new(thread::current().id()));
                    once.wait();
                });
            });
        }
    }

    #[test] fn parked_threads() {
        let cell: &'static Plain = Box::leak(Box::default());
        let parked = thread::spawn(move || for _ in 0..100 {
            thread::park();
            // SAFETY: its parent has written it before the token.
            std::hint::black_box(unsafe { *cell.0.get() });
        });
        cell.add();
        for _ in 0..100 {
            parked.thread().unpark();
            thread::yield_now();
            if parked.is_finished() { break }
        }
        while !parked.is_finished() { parked.thread().unpark(); thread::yield_now(); }
        parked.join().unwrap();
    }

    #[test] fn channels() {
        let (tx, rx) = mpsc::sync_channel::<Box<u64>>(1);
        thread::scope(|scope| {
            scope.spawn(move || (0..300).for_each(|i| tx.send(Box::new(i)).unwrap()));
            assert_eq!(rx.into_iter().map(|i| *i).sum::<u64>(), 300 * 299 / 2);
        });
    }

    #[test] fn unordered() {
        let cell: &'static Plain = Box::leak(Box::default());
        let lock: &'static Mutex<()> = Box::leak(Box::default());
        let other = thread::spawn(move || { drop(lock.lock().unwrap()); cell.add() });
        cell.add();
        other.join().unwrap();
    }
"#;

/// A compiler whose standard library carries no bitcode, as in some distributions.
fn compiler_without_bitcode(folder: &Path) -> PathBuf {
    let asked = |args: &[&str]| {
        let output = Command::new("rustc").args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let real = PathBuf::from(asked(&["--print", "sysroot"]).trim_end());
    let target = "lib/rustlib/x86_64-unknown-linux-gnu/lib";
    let mut linked = PathBuf::new();
    for part in target.split('/').chain([""]) {
        fs::create_dir_all(folder.join(&linked)).unwrap();
        let next = linked.join(part);
        for entry in fs::read_dir(real.join(&linked)).unwrap() {
            let path = linked.join(entry.unwrap().file_name());
            let name = path.file_name().unwrap().to_str().unwrap();
            if path != next && !(name.starts_with("libstd-") && name.ends_with(".rlib")) {
                std::os::unix::fs::symlink(real.join(&path), folder.join(&path)).unwrap();
            }
        }
        linked = next;
    }
    let tool = real.join("lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-objcopy");
    for entry in fs::read_dir(real.join(target)).unwrap() {
        let name = entry.unwrap().file_name();
        if name.to_str().unwrap().starts_with("libstd-")
            && Path::new(&name).extension() == Some(OsStr::new("rlib"))
        {
            let mut strip = Command::new(&tool);
            strip.args(["--remove-section=.llvmbc", "--remove-section=.llvmcmd"]);
            strip
                .arg(real.join(target).join(&name))
                .arg(folder.join(target).join(&name));
            strip.env("LD_LIBRARY_PATH", real.join("lib"));
            assert!(strip.status().unwrap().success());
        }
    }
    let rustc = folder.join("rustc.sh");
    let sysroot = folder.display();
    fs::write(
        &rustc,
        format!("#!/bin/sh\nexec rustc --sysroot {sysroot} \"$@\"\n"),
    )
    .unwrap();
    make_executable(&rustc);
    rustc
}

/// The object that answers the calls, as the stand-ins for the compiler of this crate are told.
fn library(krate: &Krate) -> String {
    let tools = krate.path().join("target/deadheat/instrument/tools");
    let entry = fs::read_dir(tools).unwrap().next().unwrap().unwrap();
    let wiring = fs::read(entry.path().join("wiring.json")).unwrap();
    let wiring: serde_json::Value = serde_json::from_slice(&wiring).unwrap();
    let bytes = wiring["link"][0]["Unix"].as_array().unwrap();
    let bytes = bytes
        .iter()
        .map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap());
    let argument = String::from_utf8(bytes.collect()).unwrap();
    argument.strip_prefix("-Clink-arg=").unwrap().to_owned()
}

#[test]
fn a_standard_library_without_bitcode_is_wrapped() {
    let krate = Krate::with_source(SYNCHRONISED);
    // Makes the run-time library, where it is not there.
    run(&krate, &["build", "--offline", "--instrument"]).expect(0, &[]);
    let folder = tempfile::tempdir().unwrap();
    let rustc = compiler_without_bitcode(folder.path());
    let start = |args: &[&str]| {
        let mut command = command(&krate);
        command
            .env("RUSTC", &rustc)
            .env("DEADHEAT_CACHE", folder.path().join("cache"))
            .env("DEADHEAT_TSAN", library(&krate));
        end(&mut command, args)
    };
    let ordered = start(&[
        "test",
        "--offline",
        "--instrument",
        "--",
        "--skip",
        "unordered",
    ]);
    ordered.expect(
        0,
        &["carries no bitcode", "are wrapped instead", "are not seen"],
    );
    assert!(!ordered.err.contains("not wrapped"), "{}", ordered.err);
    start(&["test", "--offline", "--instrument", "--", "unordered"]).expect(66, &["data race"]);
    start(&["doctor"]).expect(0, &[]);
    start(&["test", "--instrument-std", "all"])
        .expect_one_error(&["no LLVM bitcode", "leave `--instrument-std` out"]);
}

#[test]
fn minima_and_maxima_order_as_other_updates_do() {
    let tests = r#"
        use std::cell::UnsafeCell;
        use std::sync::atomic::{AtomicI8, AtomicU64, Ordering::*, fence};
        use std::thread;

        struct Plain(UnsafeCell<u64>);
        // SAFETY: whether accesses are ordered is what the tests are about.
        unsafe impl Sync for Plain {}

        fn both(first: fn(), second: fn()) {
            let other = thread::spawn(first);
            second();
            other.join().unwrap();
        }

        macro_rules! add { ($cell:ident) => {
            // SAFETY: as above.
            unsafe { *$cell.0.get() += 1 }
        }; }

        #[test] fn max_releases() {
            static CELL: Plain = Plain(UnsafeCell::new(0));
            static FLAG: AtomicU64 = AtomicU64::new(0);
            both(|| { add!(CELL); FLAG.fetch_max(1 << 40, Release); },
                 || { while FLAG.load(Acquire) != 1 << 40 { thread::yield_now() } add!(CELL) });
        }

        #[test] fn min_acquires() {
            static CELL: Plain = Plain(UnsafeCell::new(0));
            static FLAG: AtomicI8 = AtomicI8::new(0);
            both(|| { add!(CELL); FLAG.store(-5, Release); },
                 || { while FLAG.fetch_min(100, AcqRel) != -5 { thread::yield_now() } add!(CELL) });
        }

        #[test] fn max_goes_on_with_what_was_released() {
            static CELL: Plain = Plain(UnsafeCell::new(0));
            static FLAG: AtomicU64 = AtomicU64::new(0);
            both(|| { add!(CELL); FLAG.store(1, Release); FLAG.fetch_max(2, Relaxed); },
                 || { while FLAG.load(Relaxed) != 2 { thread::yield_now() } fence(Acquire); add!(CELL) });
        }

        #[test] fn relaxed_orders_nothing() {
            static CELL: Plain = Plain(UnsafeCell::new(0));
            static FLAG: AtomicU64 = AtomicU64::new(9);
            both(|| { add!(CELL); FLAG.fetch_min(1, Relaxed); },
                 || { while FLAG.load(Acquire) != 1 { thread::yield_now() } add!(CELL) });
        }
    "#;
    let krate = Krate::with_source(tests);
    for profile in [&[][..], &["--release"]] {
        let mut args = vec!["test", "--instrument", "--lib"];
        args.extend(profile);
        run(&krate, &args).expect(66, &["relaxed_orders_nothing"]);
        let names = [
            "max_releases",
            "min_acquires",
            "max_goes_on_with_what_was_released",
        ];
        let text = fs::read_to_string(krate.path().join("target/deadheat/reports.jsonl")).unwrap();
        assert!(names.iter().all(|name| !text.contains(name)), "{text}");
        assert!(text.contains("relaxed_orders_nothing"), "{text}");
    }
}

/// What is read in a compiled function of the standard library, by a formatter, is seen where that is asked for.
#[test]
fn accesses_of_the_standard_librarys_own_are_seen_on_request() {
    let source = r#"
        use std::cell::UnsafeCell;
        struct Plain(UnsafeCell<u64>);
        // SAFETY: none: it is what this is about.
        unsafe impl Sync for Plain {}
        static CELL: Plain = Plain(UnsafeCell::new(0));

        #[test]
        fn shown_while_written() {
            // SAFETY: none, as above.
            let other = std::thread::spawn(|| unsafe { *CELL.0.get() = 1 });
            let shown: &dyn std::fmt::Display = unsafe { &*CELL.0.get() };
            assert!(shown.to_string().len() == 1);
            other.join().unwrap();
        }
    "#;
    let krate = Krate::with_source(source);
    let test = |choice| {
        let args = [
            "test",
            "--offline",
            "--instrument",
            "--lib",
            "--instrument-std",
            choice,
        ];
        run(&krate, &args)
    };
    test("atomics").expect(0, &["1 test run", "no data race"]);
    test("all").expect(66, &["data race found", "static krate::CELL"]);
}
