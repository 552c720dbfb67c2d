//! Whether a dataset's training is due: its images or the settings differ from what its last model was made of.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::config::Settings;
use crate::domain::{ClassName, ContentHash, DatasetName, Ledger, ModelRecord, Sample, Split};

/// Identity of the training data: every sample's content, class and side, but for those that are left out. The same for
/// any order.
pub(super) fn data_hash(samples: &[Sample]) -> ContentHash {
    let mut lines: Vec<String> = samples
        .iter()
        .filter(|sample| sample.split != Some(Split::Aside))
        .map(|s| format!("{} {} {}", s.hash, s.split.map_or_else(String::new, |split| split.to_string()), s.class))
        .collect();
    lines.sort_unstable();
    ContentHash::of_parts(lines.iter().map(String::as_bytes))
}

/// Identity of the training data and of every setting that shapes the model.
pub(super) fn job_hash(data: ContentHash, settings: &Settings) -> ContentHash {
    let shape = json!({
        "augment": augmentation(settings),
        "backbone": format!("{:?}", settings.backbone),
        "images": format!("{:?}", settings.images),
        "train": format!("{:?}", settings.train),
    });
    ContentHash::of_parts([data.as_bytes().as_slice(), shape.to_string().as_bytes()])
}

/// How the images are augmented, as configured; stands in the model's record.
pub(super) fn augmentation(settings: &Settings) -> Value {
    let augment = &settings.augment;
    json!({
        "mode": augment.mode,
        "copies": augment.quota.copies,
        "balance": augment.quota.balance,
        "target_per_class": augment.quota.target_per_class,
        "size": augment.size,
        "format": augment.format,
        "jpeg_quality": augment.jpeg_quality,
        "preset": augment.preset,
        "seed": augment.seed,
        "recipe": augment.recipe,
        "beyond_preset": augment.preset.breaches(&augment.recipe).iter().map(|b| b.transform).collect::<Vec<_>>(),
    })
}

/// Whether a training of `dataset` would make anything new. `running`: the weights in use, when they are known; a model
/// that was trained on others is none.
pub(super) fn is_due(
    ledger: &Ledger,
    dataset: &DatasetName,
    settings: &Settings,
    running: Option<ContentHash>,
) -> bool {
    let samples: Vec<Sample> = ledger.samples_of(dataset).cloned().collect();
    if samples.iter().any(|sample| sample.split.is_none()) {
        return true;
    }
    let wanted = job_hash(data_hash(&samples), settings.of(dataset));
    let is_it = |run: &ModelRecord| {
        run.dataset == *dataset
            && run.job_hash == wanted
            && running.is_none_or(|running| run.backbone_detail.sha256 == running)
    };
    !samples.is_empty() && !ledger.runs.values().any(is_it)
}

/// Why these samples cannot be trained on yet, with what to do; `None` when they can.
pub fn obstacle(dataset: &DatasetName, samples: &[Sample]) -> Option<String> {
    let mut counts: BTreeMap<&ClassName, ClassSupply> = BTreeMap::new();
    for sample in samples {
        counts.entry(&sample.class).or_default().add(sample);
    }
    if counts.len() < 2 {
        let found = counts.keys().next().map_or("no class".to_owned(), |class| format!("the class `{class}` alone"));
        return Some(format!(
            "dataset `{dataset}` has usable images of {found}: a classifier needs at least two classes; add the folder of another class, {dataset}/<class>/, with images"
        ));
    }
    if let Some((class, supply)) = counts.iter().find(|(_, supply)| supply.n_learnable == 0) {
        let folder = &supply.measured_in;
        return Some(format!(
            "class `{class}` of dataset `{dataset}` has images in {folder}/ alone, none to learn from: add some to {dataset}/train/{class}/ or {dataset}/{class}/; if `{folder}` is no side of the split but a class, give its folder another name"
        ));
    }
    let names_validation = samples.iter().any(|sample| sample.side == Some(Split::Validation));
    let (class, supply) = counts.into_iter().find(|(_, supply)| supply.n_learnable < 2 && !names_validation)?;
    Some(format!(
        "class `{class}` of dataset `{dataset}` has {} image: it needs at least two, one to learn from and one to measure on; add more to {dataset}/{class}/",
        supply.n_learnable
    ))
}

/// What there is of one class.
#[derive(Default)]
struct ClassSupply {
    /// Images that no folder keeps from being learned from.
    n_learnable: usize,
    /// A folder of the others, as the user wrote it.
    measured_in: String,
}

impl ClassSupply {
    fn add(&mut self, sample: &Sample) {
        if sample.side.is_some_and(Split::is_measured) {
            let folder = sample.path.split('/').find(|part| Split::named(part) == sample.side);
            folder.unwrap_or_default().clone_into(&mut self.measured_in);
        } else {
            self.n_learnable += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::domain::ImageFacts;

    fn sample(content: &str, class: &str, split: Split) -> Sample {
        Sample {
            dataset: DatasetName::new("d").unwrap(),
            class: ClassName::new(class).unwrap(),
            hash: ContentHash::of(content.as_bytes()),
            path: format!("datasets/d/{class}/{content}.png"),
            group: None,
            side: None,
            split: Some(split),
            image: ImageFacts { width: 1, height: 1, format: "png".into(), colour: "grey8".into() },
            look: None,
            border: None,
        }
    }

    #[test]
    fn data_hash_knows_content_class_and_side_but_no_order() {
        let (a, b) = (sample("1", "a", Split::Train), sample("2", "b", Split::Validation));
        let hash = data_hash(&[a.clone(), b.clone()]);
        assert_eq!(hash, data_hash(&[b.clone(), a.clone()]));
        assert_ne!(hash, data_hash(&[sample("1", "a", Split::Validation), b.clone()]));
        assert_ne!(hash, data_hash(&[sample("1", "b", Split::Train), b.clone()]));
        assert_ne!(hash, data_hash(&[a.clone(), b.clone(), sample("3", "a", Split::Test)]));
        assert_eq!(hash, data_hash(&[a, b, sample("3", "a", Split::Aside)]), "what is left out has no part in it");
    }

    #[test]
    fn job_hash_knows_the_settings_that_shape_a_model_and_no_others() {
        let settings = |set: &str| {
            let overrides = config::Overrides { set: vec![set.to_owned()], ..Default::default() };
            config::load(&overrides).unwrap()
        };
        let hash = |set| job_hash(ContentHash::of(b"data"), &settings(set));
        let first = hash("log.level=info");
        assert_eq!(hash("watch.settle=9s"), first);
        for set in [
            "train.early_stopping.patience=4",
            "images.background=9",
            "augment.copies=1",
            "augment.recipe.shear=1",
            "backbone.seed=2",
        ] {
            assert_ne!(hash(set), first, "{set}");
        }
    }

    #[test]
    fn obstacles_say_what_to_add() {
        let dataset = DatasetName::new("d").unwrap();
        let one_class = [sample("1", "a", Split::Train), sample("2", "a", Split::Train)];
        assert!(obstacle(&dataset, &one_class).unwrap().contains("images of the class `a` alone"));
        let lonely = [one_class[0].clone(), one_class[1].clone(), sample("3", "b", Split::Train)];
        assert!(obstacle(&dataset, &lonely).unwrap().contains("class `b` of dataset `d` has 1 image"));
        let enough = [lonely[0].clone(), lonely[1].clone(), lonely[2].clone(), sample("4", "b", Split::Train)];
        assert_eq!(obstacle(&dataset, &enough), None);
    }

    #[test]
    fn a_class_needs_images_to_learn_from_whatever_folders_name_sides() {
        let dataset = DatasetName::new("d").unwrap();
        let lies_in = |content: &str, folders: &str, side| Sample {
            side,
            path: format!("datasets/d/{folders}/{content}.png"),
            ..sample(content, folders.rsplit('/').next().unwrap(), Split::Train)
        };
        let plain = |content, class| lies_in(content, class, None);
        // Classes `test` and `other`, with folders for patients: nothing is learned by a mistake.
        let misread = [plain("1", "other"), plain("2", "other"), lies_in("3", "Test/patient 1", Some(Split::Test))];
        let told = obstacle(&dataset, &misread).unwrap();
        assert!(told.contains("class `patient 1` of dataset `d` has images in Test/ alone"), "{told}");
        assert!(
            told.ends_with("if `Test` is no side of the split but a class, give its folder another name"),
            "{told}"
        );
        let lonely = [plain("1", "a"), plain("2", "a"), plain("3", "b"), lies_in("4", "test/b", Some(Split::Test))];
        assert!(obstacle(&dataset, &lonely).unwrap().contains("class `b` of dataset `d` has 1 image"));
        let measured = [plain("1", "a"), plain("2", "b"), lies_in("3", "val/b", Some(Split::Validation))];
        assert_eq!(obstacle(&dataset, &measured), None, "validation has its folder");
    }
}
