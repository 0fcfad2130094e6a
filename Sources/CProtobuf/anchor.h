/* The module exists for its link and include flags (pkg-config protobuf); it declares nothing. */
