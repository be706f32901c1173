"""The main job on real servers, told as a short story; or kept up, to try with a client of one's own."""
