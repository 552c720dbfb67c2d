//! Images that are stored in colour and show none, as most X-rays in JPEG do: one channel says all of them.

use super::picture::{Picture, Pixels};

impl Picture {
    /// The image in one channel, if its three are equal in every pixel; otherwise as it is.
    #[must_use]
    pub fn grey_if_colourless(self) -> Self {
        let grey = match &self.pixels {
            _ if self.channels != 3 => None,
            Pixels::U8(samples) => one_channel(samples).map(Pixels::U8),
            Pixels::U16(samples) => one_channel(samples).map(Pixels::U16),
        };
        match grey {
            Some(pixels) => Self { channels: 1, pixels, ..self },
            None => self,
        }
    }
}

fn one_channel<Sample: Copy + PartialEq>(samples: &[Sample]) -> Option<Vec<Sample>> {
    let (pixels, _) = samples.as_chunks::<3>();
    let is_grey = pixels.iter().all(|[red, green, blue]| red == green && green == blue);
    is_grey.then(|| pixels.iter().map(|[level, ..]| *level).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pixels: Pixels) -> Picture {
        Picture::new(2, 1, 3, pixels).unwrap()
    }

    #[test]
    fn three_equal_channels_become_one() {
        let grey = picture(Pixels::U8(vec![7, 7, 7, 9, 9, 9])).grey_if_colourless();
        assert_eq!(grey, Picture::new(2, 1, 1, Pixels::U8(vec![7, 9])).unwrap());
        let deep = picture(Pixels::U16(vec![700, 700, 700, 9, 9, 9])).grey_if_colourless();
        assert_eq!(deep, Picture::new(2, 1, 1, Pixels::U16(vec![700, 9])).unwrap());
    }

    #[test]
    fn one_pixel_of_another_channel_is_enough_to_stay() {
        for differing in [[9, 9, 8], [8, 9, 9]] {
            let coloured = picture(Pixels::U8([[7, 7, 7], differing].concat()));
            assert_eq!(coloured.clone().grey_if_colourless(), coloured);
        }
    }

    #[test]
    fn it_is_resized_as_what_it_shows() {
        let samples: Vec<u8> = (0..64 * 48).map(|at: u32| (at * 37 % 251) as u8).collect();
        let grey = Picture::new(64, 48, 1, Pixels::U8(samples.clone())).unwrap();
        let stored = samples.iter().flat_map(|level| [*level; 3]).collect();
        let stored = Picture::new(64, 48, 3, Pixels::U8(stored)).unwrap();
        assert_eq!(stored.resized(20, 20).grey_if_colourless(), grey.resized(20, 20));
    }
}
