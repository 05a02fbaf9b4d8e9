//! Threads of a process by their names, as Linux tells them.

/// How many threads of the process with this folder in /proc have this name.
pub fn count(process: impl std::fmt::Display, name: &str) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("Linux");
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|found| found.trim() == name).count()
}
