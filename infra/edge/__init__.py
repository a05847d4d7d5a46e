"""Code that runs at CloudFront."""
