//! What a disk still has after the power went: files as they were when they were last made durable, under the names that
//! their directories had when these were.
//!
//! Of what was never made durable a disk may have kept any part. The two ends of that are written: nothing of it, or all
//! names and none of the bytes.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::Call;

#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    /// Those above come before those below.
    names: BTreeMap<PathBuf, Node>,
    durable_names: BTreeMap<PathBuf, Node>,
    /// Of each file that was ever there, its durable bytes.
    bytes: HashMap<u64, Vec<u8>>,
}

#[derive(Debug, Clone, Copy)]
enum Node {
    Directory,
    File(u64),
}

impl Disk {
    /// What is in the directory now is there for good.
    pub(crate) fn new(root: &Path) -> Self {
        let (names, durable_names) = (BTreeMap::new(), BTreeMap::new());
        let mut disk = Self { root: root.to_owned(), names, durable_names, bytes: HashMap::new() };
        disk.know(root);
        disk.durable_names.clone_from(&disk.names);
        disk
    }

    fn know(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).expect("it is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                self.names.insert(path.clone(), Node::Directory);
                self.know(&path);
            } else {
                self.see(Call::Sync(&path));
            }
        }
    }

    /// Something was done.
    pub(crate) fn see(&mut self, call: Call<'_>) {
        match call {
            Call::Read(_) | Call::SetLength(_) => {}
            Call::Create(path) => {
                self.file(path);
            }
            Call::CreateDirectory(path) => {
                self.names.insert(path.to_owned(), Node::Directory);
            }
            Call::Rename { from, to } => {
                let file = Node::File(self.file(from));
                self.names.remove(from);
                self.names.insert(to.to_owned(), file);
            }
            Call::Remove(path) => {
                self.names.remove(path);
            }
            Call::Sync(path) => {
                let file = self.file(path);
                self.bytes.insert(file, fs::read(path).unwrap_or_default());
            }
            Call::SyncDirectory(folder) => {
                let is_in = |path: &PathBuf| path.parent() == Some(folder);
                self.durable_names.retain(|path, _| !is_in(path));
                let names = self.names.iter().filter(|(path, _)| is_in(path));
                self.durable_names.extend(names.map(|(path, node)| (path.clone(), *node)));
            }
        }
    }

    fn file(&mut self, path: &Path) -> u64 {
        if let Some(Node::File(file)) = self.names.get(path) {
            return *file;
        }
        let file = self.bytes.len() as u64;
        self.bytes.insert(file, Vec::new());
        self.names.insert(path.to_owned(), Node::File(file));
        file
    }

    /// Writes what is left.
    pub(crate) fn write(&self, names_are_kept: bool, into: &Path) {
        let names = if names_are_kept { &self.names } else { &self.durable_names };
        for (path, node) in names {
            let target = into.join(path.strip_prefix(&self.root).expect("it is below the root"));
            match node {
                // What lies in a directory that is gone is gone too.
                _ if !target.parent().is_some_and(Path::is_dir) => {}
                Node::Directory => fs::create_dir(target).expect("it is new"),
                Node::File(file) => fs::write(target, &self.bytes[file]).expect("it can be written"),
            }
        }
    }
}
