/// What becomes of each output of a linear operation by itself, as far as it decides how outputs are to be restored.
enum Activation {
  case none
  case relu
  case squaredRelu
}
