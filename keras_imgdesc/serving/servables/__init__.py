"""What answers requests: `.tflite` files and SavedModels, with the same signatures."""
