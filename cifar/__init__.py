"""Images: what JPEG compression does to six convolutional networks on CIFAR-10."""
