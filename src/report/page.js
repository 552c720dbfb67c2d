"use strict";
const slider = document.getElementById("opacity");
const heat = document.querySelector(".heat");
const percent = document.getElementById("percent");
const apply = () => {
  heat.setAttribute("opacity", slider.value / 100);
  percent.textContent = slider.value + " %";
};
slider.addEventListener("input", apply);
slider.closest("label").hidden = false;
apply();
