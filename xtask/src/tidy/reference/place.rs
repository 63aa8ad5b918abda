//! The files and folders of the repository, found by their path, from beside a file, or by their ending.

use std::collections::BTreeSet;

use super::super::File;

#[derive(Debug)]
pub(super) struct Places<'a> {
    /// Without a slash at the end.
    paths: BTreeSet<&'a str>,
    /// Folders of the root.
    roots: BTreeSet<&'a str>,
    /// What a build makes: it is there once it was built.
    ignored: Vec<&'a str>,
}

impl<'a> Places<'a> {
    pub(super) fn of(files: &'a [File]) -> Self {
        let mut paths = BTreeSet::new();
        for file in files {
            let mut path = file.path.as_str();
            paths.insert(path);
            while let Some((folder, _)) = path.rsplit_once('/') {
                paths.insert(folder);
                path = folder;
            }
        }
        let roots = files.iter().filter_map(|file| Some(file.path.split_once('/')?.0)).collect();
        let ignored = files.iter().find(|file| file.path == ".gitignore").map_or("", |file| &file.text);
        Self { paths, roots, ignored: ignored.lines().filter(|line| !line.contains('*')).collect() }
    }

    /// Whether the path begins with a folder of the repository.
    pub(super) fn is_ours(&self, path: &str) -> bool {
        path.split_once('/').is_some_and(|(root, _)| self.roots.contains(root))
    }

    /// From the root of the repository.
    pub(super) fn at<'b>(&'b self, path: &'b str) -> Option<&'b str> {
        if self.is_built(path) { Some(path) } else { self.paths.get(path).copied() }
    }

    fn is_built(&self, path: &str) -> bool {
        self.ignored.iter().any(|ignored| match ignored.strip_prefix('/') {
            Some(folder) => {
                path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            None => path.split('/').any(|part| part == *ignored),
        })
    }

    /// From the folder of a file, or one that holds it, as the crate that a source belongs to.
    pub(super) fn around(&self, file: &str, path: &str) -> Option<&str> {
        let mut folder = file;
        while let Some((holder, _)) = folder.rsplit_once('/') {
            if let Some(found) = self.beside(folder, path) {
                return Some(found);
            }
            folder = holder;
        }
        None
    }

    /// From the folder of a file.
    pub(super) fn beside(&self, file: &str, path: &str) -> Option<&str> {
        let mut parts: Vec<&str> = file.split('/').collect();
        parts.pop();
        for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part == ".." {
                parts.pop()?;
            } else {
                parts.push(part);
            }
        }
        self.paths.get(parts.join("/").as_str()).copied()
    }

    /// Any whose path ends like this.
    pub(super) fn ending(&self, path: &str) -> Option<&str> {
        let ends = |known: &str| {
            known.strip_suffix(path).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        self.paths.iter().copied().find(|known| ends(known))
    }
}
