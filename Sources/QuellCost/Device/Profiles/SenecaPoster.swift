extension ShippedDevices {
  /// The five-instruction reduction that reproduces the published table.
  static let senecaPoster = #"""
    {
      "format": "quell-device",
      "version": 1,
      "name": "seneca-poster",
      "description": "SENECA as in the table of the poster to Knunyants et al.: five instructions for each effective multiply-accumulate, on one core, linear operations alone. Whatever the weights' format: the table does not tell it.",
      "sources": {
        "tang": "Tang et al. 2023, Frontiers in Neuroscience 17:1187252: a core has 8 neural processing elements, 500 MHz; figures by synthesis, no silicon",
        "fit": "Inferred from the table of energy and latency in the poster to Knunyants et al., arXiv 2501.16337, taken as one RWKV-4 block of d = 1024 with the published sparsities of the 3B model: two multiples, of effective multiply-accumulates and of outputs, for each of compute energy, memory energy, compute time and memory time, such that the greatest relative error of a cell is small",
        "none": "The table leaves it out"
      },
      "clock_mhz": {"value": 500, "source": "tang", "measured": false},
      "lanes": {"value": 8, "source": "tang", "measured": false},
      "event_group": {"value": 1, "source": "fit", "measured": false},
      "skips_quiet_inputs": true,
      "components": ["linear", "head"],
      "core": {"static_power_mw": {"value": 0, "source": "none", "measured": false}},
      "uncertainty": {
        "energy": {"value": 0.02, "source": "fit", "measured": false},
        "latency": {"value": 0.02, "source": "fit", "measured": false}
      },
      "instructions": {
        "multiply": {
          "energy_pj": {"value": 1.399, "source": "fit", "measured": false},
          "cycles": {"value": 0.9845, "source": "fit", "measured": false}
        },
        "add": {
          "energy_pj": {"value": 1.399, "source": "fit", "measured": false},
          "cycles": {"value": 0.9845, "source": "fit", "measured": false}
        },
        "finish_output": {
          "energy_pj": {"value": 19.7, "source": "fit", "measured": false},
          "cycles": {"value": 43.3, "source": "fit", "measured": false}
        }
      },
      "controller": {},
      "accesses": {
        "load_weight": {
          "energy_pj": {"value": 1.3839, "source": "fit", "measured": false},
          "cycles": {"value": 0.9822, "source": "fit", "measured": false}
        },
        "load_state": {
          "energy_pj": {"value": 1.3839, "source": "fit", "measured": false},
          "cycles": {"value": 0.9822, "source": "fit", "measured": false}
        },
        "store_state": {
          "energy_pj": {"value": 1.3839, "source": "fit", "measured": false},
          "cycles": {"value": 0.9822, "source": "fit", "measured": false}
        },
        "touch_output": {
          "energy_pj": {"value": 31.4, "source": "fit", "measured": false},
          "cycles": {"value": 26.6, "source": "fit", "measured": false}
        }
      },
      "work": {
        "mac_f32": {"multiply": 1, "add": 1, "load_weight": 1},
        "mac_f16": {"multiply": 1, "add": 1, "load_weight": 1},
        "mac_bf16": {"multiply": 1, "add": 1, "load_weight": 1},
        "mac_int8": {"multiply": 1, "add": 1, "load_weight": 1},
        "mac_int4": {"multiply": 1, "add": 1, "load_weight": 1},
        "ac_f32": {"add": 1, "load_weight": 1},
        "ac_f16": {"add": 1, "load_weight": 1},
        "ac_bf16": {"add": 1, "load_weight": 1},
        "ac_int8": {"add": 1, "load_weight": 1},
        "ac_int4": {"add": 1, "load_weight": 1},
        "mac_ternary": {"add": 1, "load_weight": 1},
        "sum": {"load_state": 1, "store_state": 1},
        "output": {"finish_output": 1, "touch_output": 1},
        "compare_input": {},
        "emit_event": {},
        "take_event": {}
      }
    }
    """#
}
