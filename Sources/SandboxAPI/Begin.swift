// Makes way for the first file of this target.
