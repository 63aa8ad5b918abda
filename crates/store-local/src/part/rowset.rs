//! Some rows of a row group.

/// A bit for each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowSet {
    words: Vec<u64>,
}

impl RowSet {
    pub(crate) fn none(rows: usize) -> Self {
        Self { words: vec![0; rows.div_ceil(64)] }
    }

    pub(crate) fn all(rows: usize) -> Self {
        let mut all = Self { words: vec![u64::MAX; rows.div_ceil(64)] };
        if let Some(last) = all.words.last_mut().filter(|_| !rows.is_multiple_of(64)) {
            *last = (1 << (rows % 64)) - 1;
        }
        all
    }

    pub(crate) fn put(&mut self, row: usize) {
        self.words[row / 64] |= 1 << (row % 64);
    }

    pub(crate) fn contains(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.words.iter_mut().zip(&other.words).for_each(|(one, other)| *one &= other);
        self
    }

    pub(crate) fn or(mut self, other: &Self) -> Self {
        self.words.iter_mut().zip(&other.words).for_each(|(one, other)| *one |= other);
        self
    }

    /// Those in some of the chunks of so many rows, which is a multiple of 64; the chunks are bits.
    pub(crate) fn within(mut self, chunks: u32, chunk_rows: usize) -> Self {
        for (place, word) in self.words.iter_mut().enumerate() {
            let chunk = u32::try_from(place * 64 / chunk_rows).unwrap_or(u32::MAX);
            if chunks.checked_shr(chunk).is_none_or(|chunks| chunks & 1 == 0) {
                *word = 0;
            }
        }
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(place, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest.checked_sub(1)?;
                Some(place * 64 + bit)
            })
        })
    }

    /// As ranges, ascending.
    pub(crate) fn ranges(&self) -> Vec<(usize, usize)> {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for row in self.iter() {
            match ranges.last_mut() {
                Some(last) if last.1 == row => last.1 += 1,
                _ => ranges.push((row, row + 1)),
            }
        }
        ranges
    }

    /// What it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::RowSet;

    #[test]
    fn rows_come_out_as_they_went_in() {
        let mut rows = RowSet::none(200);
        [0, 1, 63, 64, 130, 199].into_iter().for_each(|row| rows.put(row));
        assert_eq!(rows.iter().collect::<Vec<_>>(), [0, 1, 63, 64, 130, 199]);
        assert_eq!(rows.ranges(), [(0, 2), (63, 65), (130, 131), (199, 200)]);
        assert_eq!(rows.clone().within(0b10, 64).iter().collect::<Vec<_>>(), [64]);
        let all = RowSet::all(200);
        assert_eq!((all.len(), all.contains(199), all.contains(200)), (200, true, false));
        assert_eq!(rows.clone().and(&all), rows);
        assert_eq!(rows.or(&all), all);
        assert!(RowSet::none(200).is_empty());
    }
}
