# `make demo` and `make test` do all their own set-up; plain cargo commands work after any of these.

CARGO ?= cargo
.DEFAULT_GOAL := help
.PHONY: help setup build demo test lint torture fuzz-reports libtorch-cuda gpu-bundle gpu-check parity compare-decoders compare-dicom pacs bench-forward bench-training bench-explain bench-growth bench soak

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## check this machine, and fetch libtorch into .libtorch/ (once, 0.5 GB)
	@scripts/build-tools
	@scripts/check-machine
	@scripts/fetch-libtorch

build: setup ## the release binary, target/release/gradwatch
	$(CARGO) build --release --locked

demo: build ## generate images, train on them, explain scans; prints the report to open
	target/release/gradwatch demo

test: setup ## all tests
	@scripts/browser-for-tests
	@scripts/axe-for-tests
	@scripts/dicom-tools-for-tests
	@# Where it counts, winograd is built without checks of overflows; its own tests are built with them.
	$(CARGO) test --locked --package winograd --config profile.dev.package.winograd.overflow-checks=true
	$(CARGO) test --locked --workspace --exclude winograd

lint: setup ## formatting, and clippy with warnings denied
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- --deny warnings

torture: build ## hundreds of kills, errors, passing faults and full disks (POINTS=N a sweep); figures in target/torture/
	@scripts/torture-augment 100
	GRADWATCH_TORTURE_PROGRAM=$(abspath target/release/gradwatch) GRADWATCH_TORTURE_POINTS=$(or $(POINTS),200) \
		$(CARGO) test --locked --test it -- torture::many the_demo_as_shipped --ignored --nocapture --test-threads 1

fuzz-reports: setup ## reports of odd scans of every size, depth and name, opened in a browser (SCANS=N, SEED=N)
	@scripts/browser-for-tests
	GRADWATCH_FUZZ_SCANS=$(or $(SCANS),300) GRADWATCH_FUZZ_SEED=$(or $(SEED),2) \
		$(CARGO) test --locked --test it -- many_odd_scans --ignored --nocapture

libtorch-cuda: ## fetch libtorch's CUDA part into .libtorch-cuda/ (once, 3 GB); it is used where there is a GPU
	@scripts/fetch-libtorch --cuda

gpu-bundle: build ## all that scripts/gpu-check needs on a machine with a GPU, in target/gpu-bundle/ (under 50 MB)
	@rm -rf target/gpu-bundle
	@mkdir -p target/gpu-bundle/gpu
	@strip -o target/gpu-bundle/gradwatch target/release/gradwatch
	@cp scripts/gpu-check target/gpu-bundle/
	@cp scripts/gpu/*.py target/gpu-bundle/gpu/
	@$(CC) -shared -fPIC -O2 -Wall -Wextra -Werror -o target/gpu-bundle/gpu/lose_gpu.so scripts/gpu/lose_gpu.c -ldl
	@du -sh target/gpu-bundle

gpu-check: gpu-bundle ## try everything on this machine's GPU (needs a python3 with torch 2.11.0); the table is target/gpu-check/gpu-check.md
	@target/gpu-bundle/gpu-check target/gpu-bundle/gradwatch target/gpu-check

parity: build ## compare features, scores and maps with real Keras and torchvision, at full size (IMAGES=FOLDER adds yours)
	@scripts/parity target/release/gradwatch

compare-decoders: setup ## compare decoded pixels with Pillow and tifffile (FOLDER=folder with images; default: generated TIFF files)
	@scripts/compare-decoders "$(FOLDER)"

compare-dicom: build ## compare decoded DICOM files, and results in DICOM, with pydicom (FOLDER=folder with files; default: those of pydicom)
	@scripts/compare-dicom "$(FOLDER)"
	@scripts/check-dicom-results target/release/gradwatch "$(FOLDER)"

pacs: build ## send scans and results through Orthanc, both ways, and through an entry script of mercure (needs orthanc, dcmtk, python3)
	@scripts/pacs target/release/gradwatch

bench-forward: build ## images per second of the network: PyTorch, ONNX Runtime, OpenVINO and gradwatch in turn
	@benches/peers/forward target/release/gradwatch

bench-training: build ## a training as in a Keras notebook, and as an expert writes it, and gradwatch's; first training and retraining (IMAGES=folder of classes)
	@benches/peers/training target/release/gradwatch $(if $(IMAGES),--images "$(IMAGES)")
	@benches/peers/expert target/release/gradwatch $(if $(IMAGES),--images "$(IMAGES)")

bench-explain: build ## heat maps of unseen scans: pytorch-grad-cam and gradwatch, files to files (IMAGES=folder of classes)
	@benches/peers/explain target/release/gradwatch $(if $(IMAGES),--images "$(IMAGES)")

bench-growth: build ## seconds and memory at 100, 1,000 and 10,000 images (needs 2 GB of disk); an error if they grow faster than the work
	@CARGO="$(CARGO)" benches/growth

bench: build ## micro benchmarks, and comparison with the usual programs for augmentation and training (IMAGES=folder of classes; default: generated images)
	@mkdir -p target/bench
	$(CARGO) bench --locked --bench pictures | tee target/bench/pictures.txt
	@benches/peers/compare target/release/gradwatch --micro target/bench/pictures.txt $(if $(IMAGES),--images "$(IMAGES)")
	@$(MAKE) --no-print-directory bench-training

soak: build ## peak memory of 100,000 copies and of a training on 100,000 images (needs 5 GB of disk); a service with 50,000 images; 5,000 scans at once; galleries of up to 100,000 reports
	@benches/peers/compare target/release/gradwatch --soak 100000
	benches/soak-training 100000
	benches/soak-service
	benches/soak-scans
	rm -rf target/galleries
	$(CARGO) bench --locked --bench gallery -- $(abspath target/galleries) 1000 10000 100000
	GRADWATCH_GALLERIES=$(abspath target/galleries) \
		$(CARGO) test --locked --test it -- how_long_large_galleries --ignored --nocapture
	rm -rf target/galleries
