"""What runs at CloudFront."""
